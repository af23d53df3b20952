"""The warning level over a whole recording."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.figures.canvas import BLUE, GREY, ORANGE, VERMILION, legend_above, sheet
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.events.event import event_spans

_N_COLUMNS = 600
"""A curve is drawn with its highest and lowest value in each of so many columns, however long the recording."""


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
    with sheet(9.6, 2.5) as drawn:
        axes = drawn.only
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
        legend_above(axes, 5)
    return drawn.svg


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
