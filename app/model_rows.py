"""Rows of the tables of the models page, and the points of its plot."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.model_files import SHORT, HeldOut, ModelFile, small_against
from app.model_plots import SizedModel

_COLUMNS = (("auroc", "AUROC", 2), ("f1", "Event F1", 2), ("false_alarms_per_day", "False alarms a day", 1))


def model_row(depth: int, model: ModelFile, judged: HeldOut | None) -> dict[str, Any]:
    """List a model, set in by its depth in the tree of families."""
    numbers = {
        title: judged.number(metric, digits) if judged else "not evaluated" for metric, title, digits in _COLUMNS
    }
    return {
        "Model": f"{'    ' * depth}{'└ ' if depth else ''}{model.name}",
        "Made": model.made_by,
        "Network": str(model.config.backbone.get("kind", "?")),
        "Task": model.task,
        "Rough marks": model.method,
        "KiB": round(model.n_bytes / 1024),
        **numbers,
        "Written (UTC)": model.made_at.strftime("%Y-%m-%d %H:%M"),
        "SHA-256": model.fingerprint[:SHORT],
    }


def difference_row(row: Mapping[str, Any]) -> dict[str, str]:
    """List one metric of a retrained model and its parent, as the comparison in its record has it."""
    digits = int(row.get("digits", 3))

    def number(name: str, sign: str = "") -> str:
        return "–" if row.get(name) is None else f"{row[name]:{sign}.{digits}f}"

    interval = "none" if row.get("low") is None else f"{number('low', '+')} to {number('high', '+')}"
    unit = f" ({row['unit']})" if row.get("unit") else ""
    return {
        "Metric": f"{row.get('title', row.get('metric'))}{unit}",
        "Old": number("old"),
        "New": number("new"),
        "New - old": number("gain", "+"),
        "95 % interval": interval,
        "Patients": str(row.get("n_patients", "")),
    }


def small_rows(model: ModelFile) -> list[dict[str, str]]:
    """List a small model beside what its record holds it against; empty for any other."""
    return [
        {"": name, "KiB": f"{n_bytes / 1024:.0f}"}
        | {title: judged.number(metric, digits + 1) for metric, title, digits in _COLUMNS}
        for name, (n_bytes, judged) in small_against(model).items()
    ]


def sized_models(
    models: Sequence[ModelFile], judged: Mapping[str, HeldOut | None], own: HeldOut, metric: str
) -> tuple[list[SizedModel], list[str]]:
    """Give the models that were judged on the same patients as ``own``, and the names of the others."""
    sized, left_out = [], []
    for each in models:
        found = judged[each.fingerprint]
        row = found.mean.get(metric, {}) if found and found.fingerprint == own.fingerprint else {}
        if row.get("value") is None:
            left_out.append(each.name)
        else:
            sized.append(SizedModel(each.name, each.n_bytes, row["value"], row.get("low"), row.get("high")))
    return sized, left_out
