"""How a model was trained: what its record holds, as far as it holds it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegwarn.evaluate.figures.canvas import BLUE, GREY, ORANGE, sheet

_TITLES = {
    "loss": "loss",
    "validation_auroc": "AUROC, validation patients",
    "label_entropy": "entropy of the labels (nats)",
    "label_accuracy": "accuracy of the labels, clean windows",
}
_N_COLUMNS = 3


def learning_curves(history: Sequence[Mapping[str, Any]]) -> str:
    """Draw every number that was noted during training against the step, one panel for each.

    Parameters
    ----------
    history : sequence of mapping
        Looks at the training in time order, with ``step``; other keys may be missing in some or all.

    Returns
    -------
    str
        An ``<svg>`` element; empty where nothing was noted.
    """
    noted = [look for look in history if _is_number(look.get("step"))]
    names = dict.fromkeys(
        name for look in noted for name, value in look.items() if name != "step" and _is_number(value)
    )
    if not names:
        return ""
    ordered = [name for name in _TITLES if name in names] + [name for name in names if name not in _TITLES]
    n_rows = -(-len(ordered) // _N_COLUMNS)
    space = {"wspace": 0.25, "hspace": 0.6}
    with sheet(9.6, 2.3 * n_rows, n_rows=n_rows, n_columns=_N_COLUMNS, sharex=True, gridspec_kw=space) as drawn:
        for axes in drawn.axes.flat[len(ordered) :]:
            axes.set_visible(False)
        for axes, name in zip(drawn.axes.flat, ordered, strict=False):
            points = [(look["step"], look[name]) for look in noted if _is_number(look.get(name))]
            step, value = np.array(points, dtype=np.float64).T
            axes.plot(step, value, color=BLUE, marker="o", markersize=3)
            axes.set_title(_TITLES.get(name, name.replace("_", " ")), fontsize=9, loc="left", parse_math=False)
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("step")
    return drawn.svg


def mark_shifts(onsets: Sequence[Mapping[str, Any]]) -> str:
    """Draw how far label correction moved each mark, with its interval, as an ``<svg>`` element; empty without any.

    Parameters
    ----------
    onsets : sequence of mapping
        One for each mark, with ``mark_s``, ``onset_s``, ``low_s``, ``high_s`` and ``p_seizure``; others are left out.
    """
    keys = ("mark_s", "onset_s", "low_s", "high_s", "p_seizure")
    rows = [[one[key] for key in keys] for one in onsets if all(_is_number(one.get(key)) for key in keys)]
    if not rows:
        return ""
    mark_s, onset_s, low_s, high_s, p_seizure = np.array(rows, dtype=np.float64).T
    order = np.argsort(onset_s - mark_s)
    place = np.arange(order.size)
    moved, low, high = ((each - mark_s)[order] for each in (onset_s, low_s, high_s))
    doubted = p_seizure[order] < 0.5
    with sheet(9.6, 2.8) as drawn:
        axes = drawn.only
        axes.axhline(0, color="black", linewidth=0.8)
        axes.vlines(place, low, high, color=GREY, linewidth=1)
        axes.plot(place[~doubted], moved[~doubted], ".", color=BLUE, label="seizure")
        axes.plot(place[doubted], moved[doubted], "x", color=ORANGE, label="mark doubted")
        axes.set(
            xlabel="marks of the training patients, in order", ylabel="corrected onset\nfrom the mark (s)", xticks=[]
        )
        axes.set_yscale("symlog", linthresh=10)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend(loc="upper left", frameon=False)
    return drawn.svg


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))
