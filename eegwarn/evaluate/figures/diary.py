"""Seizures and alarms by day and hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from eegwarn.evaluate.figures.canvas import GREY, ORANGE, VERMILION, legend_above, sheet
from eegwarn.evaluate.scored import ScoredRecording

MOST_ROWS = 60
_DAY_H = 24.0
_FROM_START = "(from its start)"


class DiaryRow(NamedTuple):
    """A day of a patient, or a recording whose start is not known; times in hours of the day, or from its start.

    ``recorded_h`` holds start and end of each stretch.
    """

    name: str
    recorded_h: list[tuple[float, float]]
    seizures_h: list[float]
    alarms_h: list[float]


def diary_rows(recordings: Sequence[ScoredRecording]) -> tuple[DiaryRow, ...]:
    """Sort recordings, seizures and alarms into days; day 1 is that of the patient's first recording."""
    rows: dict[tuple[str, str], DiaryRow] = {}
    first = _first_midnights(recordings)

    def row(patient_id: str, day: str) -> DiaryRow:
        return rows.setdefault((patient_id, day), DiaryRow(f"{patient_id}, {day}", [], [], []))

    for one in recordings:
        midnight = first.get(one.patient_id)
        if one.start is None or midnight is None:
            own = row(one.patient_id, f"{one.name} {_FROM_START}")
            own.recorded_h.append((0.0, one.duration_s / 3600))
            own.seizures_h.extend(event.onset_s / 3600 for event in one.seizures)
            own.alarms_h.extend(event.onset_s / 3600 for event in one.alarms)
            continue
        start_h = (one.start - midnight) / timedelta(hours=1)
        stop_h = start_h + one.duration_s / 3600
        for day in range(int(start_h // _DAY_H), int(np.ceil(stop_h / _DAY_H))):
            begin_h, end_h = max(start_h - day * _DAY_H, 0.0), min(stop_h - day * _DAY_H, _DAY_H)
            row(one.patient_id, f"day {day + 1}").recorded_h.append((begin_h, end_h))
        for events, kind in ((one.seizures, "seizures_h"), (one.alarms, "alarms_h")):
            for event in events:
                days, hour = divmod(start_h + event.onset_s / 3600, _DAY_H)
                getattr(row(one.patient_id, f"day {int(days) + 1}"), kind).append(hour)
    return tuple(rows.values())


def _first_midnights(recordings: Sequence[ScoredRecording]) -> dict[str, datetime]:
    starts: dict[str, datetime] = {}
    for one in recordings:
        if one.start is not None:
            starts[one.patient_id] = min(one.start, starts.get(one.patient_id, one.start))
    return {who: start.replace(hour=0, minute=0, second=0, microsecond=0) for who, start in starts.items()}


def hours_axis(rows: Sequence[DiaryRow]) -> tuple[float, str]:
    """Give where the axis of hours ends, and its title: hours of the day where the start of any recording is known."""
    if all(row.name.endswith(_FROM_START) for row in rows):
        return max(end_h for row in rows for _, end_h in row.recorded_h), "hours from the start of the recording"
    return _DAY_H, "hour of the day"


def seizure_diary(rows: Sequence[DiaryRow]) -> str:
    """Draw what was recorded, the seizures and the alarms, one row for each day, as an ``<svg>`` element."""
    last_h, hours = hours_axis(rows)
    longest = max(len(row.name) for row in rows)
    with sheet(9.6, 0.22 * len(rows) + 0.9, left_in=min(0.2 + 0.075 * longest, 4.0)) as drawn:
        axes = drawn.only
        for place, row in enumerate(rows):
            spans = [(start_h, end_h - start_h) for start_h, end_h in row.recorded_h]
            axes.broken_barh(spans, (place - 0.4, 0.8), color=GREY, alpha=0.25, linewidth=0)
            # Side by side, so that an alarm in a seizure hides neither.
            seizure_place, alarm_place = [place + 0.15] * len(row.seizures_h), [place - 0.2] * len(row.alarms_h)
            first = place == 0
            axes.plot(
                row.seizures_h, seizure_place, "s", color=ORANGE, markersize=4.5, label="seizure" if first else None
            )
            axes.plot(row.alarms_h, alarm_place, "v", color=VERMILION, markersize=4.5, label="alarm" if first else None)
        axes.set_yticks(range(len(rows)), [row.name for row in rows], parse_math=False)
        axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, last_h), xlabel=hours)
        if last_h == _DAY_H:
            axes.set_xticks(range(0, 25, 3))
        legend_above(axes, 2)
    return drawn.svg
