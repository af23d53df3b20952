"""The seizure diary as Vega-Lite takes it: days and hours, seizures against warnings."""

from collections.abc import Sequence
from typing import Any

from eegwarn.evaluate import ScoredRecording
from eegwarn.evaluate.figures.canvas import ORANGE, VERMILION
from eegwarn.evaluate.figures.diary import MOST_ROWS, DiaryRow, diary_rows, hours_axis

_ROW_PX, _AROUND_PX, _APART_PX = 32, 116, 6
_MARKS = {"seizure": ("square", ORANGE), "alarm": ("triangle-down", VERMILION)}


def patient_diary(recordings: Sequence[ScoredRecording]) -> tuple[DiaryRow, ...]:
    """Sort one patient's recordings into days, whose names leave out the patient's."""
    rows = diary_rows(recordings)[:MOST_ROWS]
    return tuple(row._replace(name=row.name.removeprefix(f"{recordings[0].patient_id}, ")) for row in rows)


def diary_plot(rows: Sequence[DiaryRow]) -> dict[str, Any]:
    """Draw one row a day: grey where something was recorded, above it the seizures, and below it the alarms.

    Parameters
    ----------
    rows : sequence of DiaryRow
        One at least.
    """
    last_h, title = hours_axis(rows)
    recorded = [{"day": row.name, "from": start_h, "to": end_h} for row in rows for start_h, end_h in row.recorded_h]
    marks = [
        {"day": row.name, "hour": hour, "what": what, "time": _clock(hour)}
        for row in rows
        for what, hours in (("seizure", row.seizures_h), ("alarm", row.alarms_h))
        for hour in hours
    ]
    shapes, colours = zip(*_MARKS.values(), strict=True)
    y = {
        "field": "day",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 200, "labelOverlap": False},
    }
    axis = {"values": list(range(0, 25, 3))} if last_h == 24 else {}
    x = {"type": "quantitative", "title": title, "scale": {"domain": [0, last_h]}, "axis": axis}
    return {
        "height": _ROW_PX * len(rows) + _AROUND_PX,  # with axis and legend
        "layer": [
            {
                "data": {"values": recorded},
                "mark": {"type": "bar", "color": "#8a8a8a", "opacity": 0.3},
                "encoding": {"y": y, "x": x | {"field": "from"}, "x2": {"field": "to"}},
            },
            *(
                {
                    "data": {"values": [mark for mark in marks if mark["what"] == what]},
                    "mark": {"type": "point", "filled": True, "size": 75, "opacity": 1, "yOffset": offset_px},
                    "encoding": {
                        "y": y,
                        "x": x | {"field": "hour"},
                        "shape": _by_kind("shape", shapes),
                        "color": _by_kind("color", colours),
                        "tooltip": [{"field": "what"}, {"field": "day"}, {"field": "time"}],
                    },
                }
                for what, offset_px in zip(_MARKS, (-_APART_PX, _APART_PX), strict=True)
            ),
        ],
    }


def _by_kind(what: str, values: Sequence[str]) -> dict[str, Any]:
    legend = {"orient": "top", "title": None}
    return {
        "field": "what",
        "type": "nominal",
        "scale": {"domain": list(_MARKS), "range": list(values)},
        "legend": legend,
    }


def _clock(hour: float) -> str:
    minutes = int(hour * 60 + 1e-6)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
