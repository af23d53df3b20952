"""Results of quantisation as a table and as a plot of quality against bytes and against latency."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

FULL, CONTROL = "full precision", "STE, Adam"
_COLUMNS = {
    "ictal_auroc": ("AUROC", 3),
    "early_auroc": ("early AUROC", 3),
    "event_f1": ("event F1", 3),
    "false_alarms_per_day": ("false/day", 1),
}
_SIZES = {"n_bytes": ("KiB", 1 / 1024, 1), "latency_ms": ("ms", 1.0, 3), "peak_memory_mb": ("MiB", 1.0, 0)}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def table_text(rows: Sequence[dict[str, Any]], ways: Sequence[str]) -> str:
    """Write a table for each network: means and standard deviations over seeds, and the change from full precision."""
    parts = []
    for backbone in dict.fromkeys(row["backbone"] for row in rows):
        own = [row for row in rows if row["backbone"] == backbone]
        n_seeds = len({row["seed"] for row in own})
        titles = [title for title, _ in _COLUMNS.values()] + ["AUROC - full", "AUROC - STE"]
        lines = [f"{backbone} ({n_seeds} seeds; mean ± standard deviation)"]
        lines.append(
            f"{'':<30}"
            + "".join(f"{title:>17}" for title in titles)
            + "".join(f"{title:>9}" for title, *_ in _SIZES.values())
        )
        lines += [_line(own, way) for way in ways if any(row["way"] == way for row in own)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _line(rows: Sequence[dict[str, Any]], way: str) -> str:
    cells = [_cell(_values(rows, way, key), digits) for key, (_, digits) in _COLUMNS.items()]
    auroc = _values(rows, way, "ictal_auroc")
    control = f"{way.partition(':')[0]}: {CONTROL}"
    for other in (FULL, control):
        gain = auroc - _values(rows, other, "ictal_auroc")
        cells.append("" if other == way else _cell(gain, 3, sign="+"))
    sizes = []
    for key, (_, factor, digits) in _SIZES.items():
        known = [row[key] for row in rows if row["way"] == way and key in row]
        sizes.append(f"{factor * known[0]:.{digits}f}" if known else "-")
    return f"{way:<30}" + "".join(f"{cell:>17}" for cell in cells) + "".join(f"{size:>9}" for size in sizes)


def _values(rows: Sequence[dict[str, Any]], way: str, column: str) -> NDArray[np.float64]:
    """Values of the seeds in order; NaN where a seed is missing."""
    found = {row["seed"]: row[column] for row in rows if row["way"] == way}
    return np.array([found.get(seed, np.nan) for seed in sorted({row["seed"] for row in rows})], dtype=np.float64)


def _cell(values: NDArray[np.float64], digits: int, *, sign: str = "") -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return "-"
    spread = f"{np.std(known, ddof=1):.{digits}f}" if known.size > 1 else "?"
    return f"{known.mean():{sign}.{digits}f} ± {spread}"


def steps_text(steps_ms: dict[str, dict[str, float]]) -> str:
    """Write what a step costs, and how many times a step with the straight-through estimator that is."""
    lines = ["ms a training step on one thread (times a step with the straight-through estimator):"]
    for backbone, rules in steps_ms.items():
        cells = (f"{rule} {value:.0f} ({value / rules['ste']:.2f})" for rule, value in rules.items())
        lines.append(f"{backbone:<8}" + "  ".join(cells))
    return "\n".join(lines)


def draw_pareto(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Draw quality against bytes and against latency as PNG: a dot a way, its mean over seeds, a colour a form.

    Parameters
    ----------
    path : Path
        The file to write.
    rows : sequence of dict
        With ``backbone``, ``way``, ``ictal_auroc``, ``n_bytes`` and ``latency_ms``.
    """
    backbones = list(dict.fromkeys(row["backbone"] for row in rows))
    forms = list(dict.fromkeys(row["way"].partition(":")[0] for row in rows))
    figure = Figure(figsize=(9, 3.6 * len(backbones)), layout="constrained")
    panels = np.atleast_2d(figure.subplots(len(backbones), 2, sharey="row"))
    for axes_of_row, backbone in zip(panels, backbones, strict=True):
        for axes, (key, factor, title) in zip(
            axes_of_row,
            (("n_bytes", 1 / 1024, "file (KiB)"), ("latency_ms", 1.0, "a window on one thread (ms)")),
            strict=True,
        ):
            for number, form in enumerate(forms):
                points = _points(rows, backbone, form, key)
                axes.plot(
                    *(factor * points[:, 0], points[:, 1]), "o", color=_COLOURS[number % len(_COLOURS)], label=form
                )
            axes.set(xlabel=title, title=backbone, xscale="log" if key == "n_bytes" else "linear")
            axes.spines[["top", "right"]].set_visible(False)
        axes_of_row[0].set_ylabel("AUROC on patients never seen")
    panels[0, 1].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _points(rows: Sequence[dict[str, Any]], backbone: str, form: str, key: str) -> NDArray[np.float64]:
    """Give (size, mean AUROC) of every way with this form of weights, shape (n_ways, 2)."""
    points = []
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if (row["backbone"], row["way"]) == (backbone, way) and key in row]
        if own and way.partition(":")[0] == form:
            points.append((own[0][key], np.mean([row["ictal_auroc"] for row in own])))
    return np.array(points).reshape(-1, 2)
