"""The warning level around each seizure, one small panel for each."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from eegwarn.evaluate.figures.canvas import BLUE, GREY, ORANGE, VERMILION, sheet
from eegwarn.evaluate.figures.curve import envelope
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.events.event import SeizureEvent, event_spans

N_COLUMNS = 4
_PANELS_A_FIGURE = 4 * N_COLUMNS
"""A figure is never divided between two printed pages."""
_BEFORE_S, _AFTER_S = 600.0, 180.0
_N_POINTS = 160
# A panel is 1 wide and 1 high for the level, with room above it for alarms and a line of text.
_COLUMN, _ROW = 1.12, 1.75


Curve = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Seconds from the onset, and the lowest and highest level then."""


class Surroundings(NamedTuple):
    """One seizure in its recording; ``warning_s`` is its warning time, NaN without an alarm."""

    recording: ScoredRecording
    seizure: SeizureEvent
    warning_s: float


def find_seizures(recordings: Sequence[ScoredRecording], *, horizon_s: float = 0.0) -> tuple[Surroundings, ...]:
    """Collect all seizures in the order of the recordings."""
    return tuple(
        Surroundings(one, seizure, float(warning_s))
        for one in recordings
        for seizure, warning_s in zip(
            one.seizures, warning_times_s(one.seizures, one.alarms, horizon_s=horizon_s), strict=True
        )
    )


class _Panel:
    """Where one seizure's panel lies, in the units of axes that hold all panels: matplotlib is slow with many axes."""

    def __init__(self, number: int, onset_s: float, before_s: float, top: float) -> None:
        self.left, self.bottom = _COLUMN * (number % N_COLUMNS), -_ROW * (number // N_COLUMNS)
        self._onset_s, self._before_s, self._top = onset_s, before_s, top

    def x(self, time_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Place of a time of the recording."""
        share = (np.asarray(time_s) - self._onset_s + self._before_s) / (self._before_s + _AFTER_S)
        return self.left + share

    def y(self, level: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Place of a warning level, no higher than the panel."""
        return self.bottom + np.minimum(np.asarray(level) / self._top, 1.0)

    def spans(self, spans: NDArray[np.float64]) -> list[tuple[float, float]]:
        """Left and right end of the stretches that can be seen."""
        begin, end = self.x(spans).T
        seen = (end >= self.left) & (begin <= self.left + 1)
        return list(zip(begin[seen].clip(min=self.left), end[seen].clip(max=self.left + 1), strict=True))


def seizure_panels(
    seizures: Sequence[Surroundings], *, horizon_s: float = 0.0, threshold: float | None = None
) -> tuple[str, ...]:
    """Draw the warning level from ten minutes (or the horizon and a quarter of it) before to three after each onset.

    Parameters
    ----------
    seizures : sequence of Surroundings
        One at least.
    horizon_s : float
        How far before an onset a warning counts; 0 for detection.
    threshold : float, optional
        Drawn as a line.

    Returns
    -------
    tuple of str
        ``<svg>`` elements, each with 16 panels at most, all of one scale.
    """
    before_s = max(_BEFORE_S, 1.25 * horizon_s)
    curves = [_curve(one, before_s) for one in seizures]
    top = _top([high if horizon_s == 0 else high[time_s < 0] for time_s, _, high in curves], threshold)
    numbers = range(0, len(seizures), _PANELS_A_FIGURE)
    parts = [(seizures[at : at + _PANELS_A_FIGURE], curves[at : at + _PANELS_A_FIGURE]) for at in numbers]
    return tuple(_draw_panels(*part, before_s=before_s, top=top, threshold=threshold) for part in parts)


def _draw_panels(
    seizures: Sequence[Surroundings],
    curves: Sequence[Curve],
    *,
    before_s: float,
    top: float,
    threshold: float | None,
) -> str:
    n_rows = math.ceil(len(seizures) / N_COLUMNS)
    with sheet(9.6, 1.25 * n_rows + 0.35) as drawn:
        axes = drawn.only
        axes.set_position((0.035, 0.0, 0.96, 1.0))
        axes.set_axis_off()
        axes.set(xlim=(0, _COLUMN * N_COLUMNS - 0.12), ylim=(-_ROW * (n_rows - 1) - 0.5, 1.6))
        for number, (one, curve) in enumerate(zip(seizures, curves, strict=True)):
            panel = _Panel(number, one.seizure.onset_s, before_s, top)
            _draw_marks(axes, panel, one, threshold)
            _draw_curve(axes, panel, one.seizure.onset_s, curve)
            _draw_scale(axes, panel, before_s, top, last=number + N_COLUMNS >= len(seizures))
    return drawn.svg


def _top(levels: Sequence[NDArray[np.float64]], threshold: float | None) -> float:
    """Give the highest level drawn: what comes before the onset must be seen, however small beside the seizure."""
    highest = max(float(np.nan_to_num(level).max(initial=0.0)) for level in levels)
    return max(0.1, min(1.0, 1.1 * max(highest, 2 * (threshold or 0.0))))


def _curve(one: Surroundings, before_s: float) -> Curve:
    from_onset_s = one.recording.time_s - one.seizure.onset_s
    near = (from_onset_s >= -before_s) & (from_onset_s <= _AFTER_S)
    return envelope(from_onset_s[near], one.recording.level[near], n_columns=_N_POINTS)


def _draw_marks(axes: Axes, panel: _Panel, one: Surroundings, threshold: float | None) -> None:
    bottom, recording = panel.bottom, one.recording
    for begin, end in panel.spans(event_spans(recording.marked)):
        axes.fill_between([begin, max(end, begin + 0.005)], bottom, bottom + 1.25, color=ORANGE, alpha=0.4, linewidth=0)
    for begin, end in panel.spans(np.array(recording.faults, dtype=np.float64).reshape(-1, 2)):
        axes.fill_between([begin, end], bottom, bottom + 1, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0)
    onset = float(panel.x(one.seizure.onset_s))
    axes.plot([onset, onset], [bottom, bottom + 1.25], color=ORANGE, linewidth=1.6)
    if threshold is not None:
        axes.plot([panel.left, panel.left + 1], [panel.y(threshold)] * 2, color="black", linestyle="--", linewidth=0.7)
    for begin, end in panel.spans(event_spans(recording.alarms)):
        axes.plot(
            [begin, end], [bottom + 1.13] * 2, color=VERMILION, linewidth=2.5, marker="v", markevery=[0], markersize=5
        )
    caught = math.isfinite(one.warning_s)
    said = f"alarm {abs(one.warning_s):.0f} s {'before' if one.warning_s > 0 else 'after'}" if caught else "no alarm"
    patient_id = recording.patient_id
    axes.text(
        panel.left, bottom + 1.3,
        f"{patient_id if len(patient_id) <= 12 else patient_id[:11] + '…'}, {clock(one.seizure.onset_s)}: {said}",
        fontsize=8, fontweight="normal" if caught else "bold", parse_math=False,
    )  # fmt: skip


def _draw_curve(axes: Axes, panel: _Panel, onset_s: float, curve: Curve) -> None:
    from_onset_s, low, high = curve
    x = panel.x(onset_s + from_onset_s)
    if low is not high:
        axes.fill_between(x, panel.y(low), panel.y(high), color=BLUE, alpha=0.35, linewidth=0)
    axes.plot(x, panel.y(high), color=BLUE, linewidth=1)


def _draw_scale(axes: Axes, panel: _Panel, before_s: float, top: float, *, last: bool) -> None:
    left, bottom = panel.left, panel.bottom
    axes.plot([left, left, left + 1], [bottom + 1, bottom, bottom], color="black", linewidth=0.7)
    for level, text in ((0.0, "0"), (top, f"{top:.2g}")):
        axes.text(left - 0.015, float(panel.y(level)), text, fontsize=7, ha="right", va="center")
    step = 300.0 if before_s <= 900 else 600.0
    minutes = np.arange(-(before_s // step), 1) * step / 60
    for minute in minutes:
        at = left + (before_s + 60 * minute) / (before_s + _AFTER_S)
        axes.plot([at, at], [bottom, bottom - 0.05], color="black", linewidth=0.7)
        axes.text(at, bottom - 0.09, f"{minute:g}", fontsize=7, ha="center", va="top")
    if last:
        axes.text(left + 0.5, bottom - 0.28, "min from the onset", fontsize=8, ha="center", va="top")


def clock(seconds: float) -> str:
    """Write seconds from a recording's start as ``h:mm:ss``, rounded down."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
