"""Plots of the models page, as Vega-Lite takes them: quality against size, and where marks went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.corrections import Correction
from app.findings import clock

MOST_MARKS = 40
_ROW_PX = 19
_AXIS_PX = 76
"""The height that Streamlit takes holds the axis, its numbers and its title too."""
_GREY = "#8a8a8a"
"""Seen on white and on black."""


@dataclass(frozen=True)
class SizedModel:
    """A model on the plot: its file's size, and a metric of which more is better, with its 95 % interval if known."""

    name: str
    n_bytes: int
    value: float
    low: float | None
    high: float | None


def pareto_front(models: Sequence[SizedModel]) -> tuple[SizedModel, ...]:
    """Give the models that no other one beats in both size and quality, the smallest first."""
    front: list[SizedModel] = []
    for model in sorted(models, key=lambda one: (one.n_bytes, -one.value)):
        if not front or model.value > front[-1].value:
            front.append(model)
    return tuple(front)


def pareto_plot(models: Sequence[SizedModel], title: str, chosen: str = "") -> dict[str, Any]:
    """Draw quality against size; those on the front are named, and joined by a line that shows what a size can give.

    Parameters
    ----------
    models : sequence of SizedModel
        Judged on the same patients.
    title : str
        Of the metric.
    chosen : str
        The model that is looked at, which is named wherever it lies.
    """
    front = pareto_front(models)
    rows = [
        {"model": one.name, "KiB": one.n_bytes / 1024, "value": one.value, "low": one.low, "high": one.high}
        | {"place": "not beaten" if one in front else "beaten in size and quality", "chosen": one.name == chosen}
        for one in models
    ]
    x = {
        "field": "KiB",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 60},
        "title": "size of the file (KiB)",
    }
    y = {"type": "quantitative", "title": f"{title}, held-out patients", "scale": {"zero": False}}
    shape = {"domain": ["not beaten", "beaten in size and quality"], "range": ["circle", "triangle-up"]}
    tips = [{"field": "model"}, {"field": "KiB", "format": ".0f"}] + [
        {"field": name, "format": ".3f"} for name in ("value", "low", "high")
    ]
    joined = {"filter": "datum.place == 'not beaten'"}
    return {
        "data": {"values": rows},
        "height": 235,
        "layer": [
            {
                "mark": {"type": "rule", "color": _GREY, "opacity": 0.7},
                "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "transform": [joined],
                "mark": {"type": "line", "interpolate": "step-after", "color": _GREY},
                "encoding": {"x": x, "y": y | {"field": "value"}},
            },
            {
                "mark": {"type": "point", "size": 110, "filled": True, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y | {"field": "value"},
                    "shape": {
                        "field": "place",
                        "type": "nominal",
                        "scale": shape,
                        "legend": {"title": None, "orient": "top"},
                    },
                    "tooltip": tips,
                },
            },
            _names(x, y, "datum.place == 'not beaten'", above=True),
            _names(x, y, "datum.chosen && datum.place != 'not beaten'", above=False),
        ],
    }


def _names(x: dict[str, Any], y: dict[str, Any], of: str, *, above: bool) -> dict[str, Any]:
    return {
        "transform": [{"filter": of}],
        "mark": {"type": "text", "align": "left", "dx": 9, "dy": -8 if above else 10, "color": _GREY},
        "encoding": {"x": x, "y": y | {"field": "value"}, "text": {"field": "model"}},
    }


def moves_plot(corrections: Sequence[Correction], names: Sequence[str]) -> dict[str, Any]:
    """Draw where each onset went, as seconds from its mark, with the middle 90 %; the largest moves where many.

    Parameters
    ----------
    corrections : sequence of Correction
        Those taken for no seizure are left out.
    names : sequence of str
        Of the recordings, one each.
    """
    rows = [
        {
            "mark": f"{name} {clock(one.mark_s)}",
            "moved": one.moved_s,
            "low": (one.low_s or 0.0) - one.mark_s,
            "high": (one.high_s or 0.0) - one.mark_s,
        }
        for one, name in zip(corrections, names, strict=True)
        if one.moved_s is not None
    ]
    rows = sorted(rows, key=lambda row: -abs(row["moved"]))[:MOST_MARKS]
    y = {
        "field": "mark",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 220, "labelOverlap": False, "labelFlush": False},
    }
    x = {"type": "quantitative", "title": "corrected onset, seconds from the mark", "axis": {"labelFlush": False}}
    tips = [{"field": "mark"}, *({"field": name, "format": "+.1f"} for name in ("moved", "low", "high"))]
    return {
        "data": {"values": rows},
        "height": _ROW_PX * max(len(rows), 4) + _AXIS_PX,
        "layer": [
            {
                "mark": {"type": "rule", "strokeDash": [4, 3], "color": _GREY, "aria": False},
                "encoding": {"x": {"datum": 0}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 3, "color": _GREY, "opacity": 0.7},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"y": y, "x": x | {"field": "moved"}, "tooltip": tips},
            },
        ],
    }
