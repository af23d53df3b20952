"""Figures of benchmarks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

_LEVEL, _ONSET, _ALARM = "#0072B2", "#E69F00", "#D55E00"


def draw_curves(
    path: Path,
    curves: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]],
    *,
    onset_s: float,
    alarms_s: Sequence[Sequence[float]],
) -> None:
    """Draw warning levels of several models over the same recording, one below the other, as PNG.

    Parameters
    ----------
    path : Path
        The file to write.
    curves : sequence of (str, ndarray, ndarray)
        Title, time in s and warning level of each.
    onset_s : float
        Where the seizure was marked.
    alarms_s : sequence of sequence of float
        When each model raised alarms.
    """
    figure = Figure(figsize=(9, 1.1 * len(curves) + 0.8), layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(curves), 1, sharex=True))
    for axes, (title, time_s, level), raised in zip(rows, curves, alarms_s, strict=True):
        axes.axvline(onset_s, color=_ONSET, linewidth=2.5)
        axes.plot(time_s, level, color=_LEVEL, linewidth=1)
        axes.plot(raised, np.full(len(raised), 1.1), marker="v", color=_ALARM, linestyle="none", clip_on=False)
        axes.set(ylim=(0, 1.15), yticks=[0, 1])
        axes.set_title(title, loc="left", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlabel("time from the start of the recording (s); line: marked onset, triangles: alarms")
    figure.supylabel("warning level (probability)", fontsize=9)
    figure.savefig(path, dpi=110)
