"""Figures of a report as SVG text: warning curves and the reliability diagram."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eegwarn.evaluate.patients import ScoredRecording
from eegwarn.evaluate.samples import reliability
from eegwarn.evaluate.spans import event_spans

# Okabe and Ito's colours, told apart with any kind of colour vision; markers and hatching say the same without colour.
BLUE, ORANGE, VERMILION, GREY = "#0072B2", "#E69F00", "#D55E00", "#8A8A8A"
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "eegwarn", "font.family": "sans-serif", "font.size": 9}
_N_COLUMNS = 600
"""A curve is drawn with its highest and lowest value in each of so many columns, however long the recording."""


@contextmanager
def _figure(width_in: float, height_in: float) -> Iterator[tuple[Axes, io.StringIO]]:
    svg = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, svg
        figure.savefig(svg, format="svg", metadata={"Date": None})


def _inline(svg: io.StringIO) -> str:
    text = svg.getvalue()
    return text[text.index("<svg") :]


def warning_curve(recording: ScoredRecording, *, threshold: float | None = None) -> str:
    """Draw the warning level over time with seizures, alarms and faults.

    Parameters
    ----------
    recording : ScoredRecording
        Of any length.
    threshold : float, optional
        Drawn as a line.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    unit_s, unit = (3600.0, "h") if recording.duration_s > 7200 else (60.0, "min")
    with _figure(9.6, 2.5) as (axes, svg):
        for index, (start_s, end_s) in enumerate(recording.faults):
            axes.axvspan(
                start_s / unit_s, end_s / unit_s, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0,
                label="fault: cannot judge" if index == 0 else None,
            )  # fmt: skip
        for index, (onset_s, offset_s) in enumerate(event_spans(recording.seizures) / unit_s):
            label = "seizure" if index == 0 else None
            axes.axvspan(onset_s, offset_s, color=ORANGE, alpha=0.45, linewidth=0)
            axes.axvline(onset_s, color=ORANGE, linewidth=2.5, label=label)
        time_s, low, high = envelope(recording.time_s, recording.probability)
        if low is not high:
            axes.fill_between(time_s / unit_s, low, high, color=BLUE, alpha=0.35, linewidth=0)
        axes.plot(time_s / unit_s, high, color=BLUE, linewidth=1, label="warning level")
        for index, (raised_s, cleared_s) in enumerate(event_spans(recording.alarms) / unit_s):
            axes.plot(
                [raised_s, cleared_s], [1.08, 1.08], color=VERMILION, linewidth=3, marker="v", markevery=[0],
                markersize=7, clip_on=False, label="alarm" if index == 0 else None,
            )  # fmt: skip
        if threshold is not None:
            axes.axhline(
                threshold, color="black", linestyle="--", linewidth=0.8, label="threshold (for the smoothed level)"
            )
        axes.set(xlim=(0, recording.duration_s / unit_s), ylim=(0, 1.15), yticks=[0, 0.5, 1])
        axes.set(xlabel=f"time from the start of the recording ({unit})", ylabel="warning level\n(probability)")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, frameon=False)
    return _inline(svg)


def envelope(
    time_s: NDArray[np.float64], probability: NDArray[np.float64], *, n_columns: int = _N_COLUMNS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value in each column of a plot, so that no short peak is lost.

    Parameters
    ----------
    time_s, probability : ndarray, shape (n_windows,)
        A curve with NaN where there is a gap.
    n_columns : int
        Most points to return.

    Returns
    -------
    time_s, low, high : ndarray, shape (at most n_columns,)
        NaN only where a whole column is.
    """
    if time_s.size <= n_columns:
        return time_s, probability, probability
    first = np.linspace(0, time_s.size, n_columns, endpoint=False).astype(np.intp)
    return time_s[first], np.fmin.reduceat(probability, first), np.fmax.reduceat(probability, first)


def reliability_diagram(probability: NDArray[np.float64], label: NDArray[np.float64]) -> str:
    """Draw what share of the windows was a seizure at each warning level, as an ``<svg>`` element."""
    table = reliability(probability, label)
    filled = table.n_windows > 0
    with _figure(3.6, 3.6) as (axes, svg):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="means what it says")
        axes.plot(table.mean_probability[filled], table.seizure_share[filled], color=BLUE, marker="o", label="measured")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set(xlabel="warning level (probability)", ylabel="share of windows with a seizure")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return _inline(svg)
