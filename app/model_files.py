"""The models of a folder: what each is, from which it was made, and how it did on patients that training never saw."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.jobs import Job, result_of
from eegwarn.bedside.bundle import ModelConfig, read_bundle
from eegwarn.errors import ModelError

SHORT = 8
"""So many digits of a fingerprint are shown."""


@dataclass(frozen=True)
class ModelFile:
    """A model file that was read.

    Parameters
    ----------
    path : Path
        Where it is.
    name : str
        The same as seen from the dashboard's folder.
    n_bytes : int
        Its size.
    made_at : datetime
        When the file was written, UTC.
    fingerprint : str
        SHA-256 of the file.
    config : ModelConfig
        How it turns EEG into alarms.
    record : mapping
        How it was trained.
    """

    path: Path
    name: str
    n_bytes: int
    made_at: datetime
    fingerprint: str
    config: ModelConfig
    record: Mapping[str, Any]

    @property
    def parent(self) -> str:
        """Fingerprint of the model that it was made from; empty where its record names none."""
        return str(_lineage(self.record).get("parent", ""))

    @property
    def is_small(self) -> bool:
        """Whether it was quantised: then it holds no weights to train on."""
        return self.config.precision.weight_bits < 32

    @property
    def made_by(self) -> str:
        """How it came from its parent, in words."""
        if "quantize" in self.record:
            bits = self.config.precision.weight_bits
            return f"{bits} bit{'' if bits == 1 else 's'}"
        return "retrained" if "retrain" in self.record else "trained"

    @property
    def task(self) -> str:
        """What it is for, in words."""
        horizon_s = self.config.horizon_s
        return f"warns {horizon_s:g} s before" if horizon_s else "detects"

    @property
    def method(self) -> str:
        """How its training treated rough labels; empty where its record does not say."""
        return str(_table(self.record, "config").get("method", ""))


@dataclass(frozen=True)
class HeldOut:
    """How a model did on patients that its training never saw.

    Parameters
    ----------
    mean : mapping
        By metric ``value``, ``low`` and ``high`` of the 95 % interval, over patients; what is not defined is left out.
    data : str
        What was scored, in words.
    fingerprint : str
        Of the data: only models that were judged on the same can be compared.
    n_patients : int
        How many.
    source : str
        Where this is written, in words.
    """

    mean: Mapping[str, Mapping[str, float]]
    data: str
    fingerprint: str
    n_patients: int
    source: str

    def number(self, metric: str, digits: int) -> str:
        """Write a metric with its interval; a dash where it is not defined."""
        value, low, high = (self.mean.get(metric, {}).get(name) for name in ("value", "low", "high"))
        if value is None:
            return "–"
        bounds = "" if low is None or high is None else f" ({low:.{digits}f} to {high:.{digits}f})"
        return f"{value:.{digits}f}{bounds}"


def read_model_file(path: Path, folder: Path) -> ModelFile:
    """Read a model and what its file tells.

    Raises
    ------
    ModelError
        If it cannot be read or was refused.
    """
    bundle = read_bundle(path)
    try:
        content, status = path.read_bytes(), path.stat()
    except OSError as error:
        raise ModelError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    return ModelFile(
        path=path,
        name=str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path),
        n_bytes=len(content),
        made_at=datetime.fromtimestamp(status.st_mtime, UTC),
        fingerprint=hashlib.sha256(content).hexdigest(),
        config=bundle.config,
        record=bundle.record,
    )


def family_tree(models: Sequence[ModelFile]) -> tuple[tuple[int, ModelFile], ...]:
    """Put every model below the one that it was made from, with its depth; whose parent is not here stands at depth 0.

    Copies of one file are of one parent each, and have their children once.
    """
    here = {model.fingerprint: model for model in reversed(models)}
    children: dict[str, list[ModelFile]] = {}
    for model in models:
        above = model.parent if model.parent in here and model.parent != model.fingerprint else ""
        children.setdefault(above, []).append(model)

    def below(fingerprint: str, depth: int) -> list[tuple[int, ModelFile]]:
        found = []
        for model in children.get(fingerprint, []):
            found.append((depth, model))
            if here[model.fingerprint] is model:
                found += below(model.fingerprint, depth + 1)
        return found

    return tuple(below("", 0))


def held_out(model: ModelFile, models: Sequence[ModelFile], jobs: Sequence[Job]) -> HeldOut | None:
    """Find how a model did on held-out patients: by the latest evaluation, its own record, or a child's record.

    Parameters
    ----------
    model : ModelFile
        Whose.
    models : sequence of ModelFile
        All: the record of one that was made from it tells how both did.
    jobs : sequence of Job
        The latest first.

    Returns
    -------
    HeldOut or None
        None where nobody has looked yet.
    """
    for job in jobs:
        if job.model == model.fingerprint and job.arguments[:1] == ("evaluate",):
            result = result_of(job) or {}
            table = {
                **_table(result, "context"),
                "mean": result.get("mean"),
                "n_patients": len(result.get("patients", ())),
            }
            if found := _held_out(table, f"the evaluation of {job.started_at[:10]}"):
                return found
    if own := _held_out(_table(model.record, "evaluation"), "its own record"):
        return own
    for child in models:
        before = _table(_lineage(child.record), "before") if child.parent == model.fingerprint else {}
        if found := _held_out(before, f"the record of {child.name}"):
            return found
    return None


def promotion_advice(model: ModelFile) -> str:
    """Say what a model's own report says about putting it in the place of its parent; empty where it says nothing."""
    compared = comparison(model)
    return f"{compared['advice']}; {compared.get('reason', '')}" if "advice" in compared else ""


def comparison(model: ModelFile) -> Mapping[str, Any]:
    """Give how a retrained model compares with its parent, as its record has it; empty for any other model."""
    return {} if "quantize" in model.record else _table(_table(model.record, "retrain"), "comparison")


def small_against(model: ModelFile) -> dict[str, tuple[int, HeldOut]]:
    """Give what a small model's record holds it against, by name its bytes and scores, and the model itself last.

    All were judged on the same patients. Empty for any other model, or one made before records told.
    """
    about = _table(model.record, "quantize")
    parts = (("before", _table(about, "before")), ("plain 8 bits", _table(about, "plain")))
    own = {**_table(model.record, "evaluation"), "n_bytes": model.n_bytes}
    judged = {name: (table, _held_out(table, "")) for name, table in (*parts, ("this model", own)) if about}
    return {name: (int(table.get("n_bytes", 0)), found) for name, (table, found) in judged.items() if found}


def caveats(model: ModelFile) -> tuple[str, ...]:
    """Give what training itself warned of, in a sentence each."""
    parts = (_table(model.record, name).get("caveats", ()) for name in ("labels", "warning"))
    return tuple(str(caveat) for part in parts for caveat in part)


def seen_recordings(record: Mapping[str, Any]) -> frozenset[str]:
    """Give the fingerprints of the content of recordings that training saw, in its training or validation part."""
    parts = (_table(_table(record, "split"), name) for name in ("training", "validation"))
    return frozenset(str(one) for part in parts for prints in _table(part, "persons").values() for one in prints)


def _held_out(table: Mapping[str, Any], source: str) -> HeldOut | None:
    mean = {name: row for name, row in _table(table, "mean").items() if isinstance(row, Mapping)}
    if not mean:
        return None
    data, print_, n_patients = (table.get(name) for name in ("data", "fingerprint", "n_patients"))
    return HeldOut(mean, str(data or ""), str(print_ or ""), int(n_patients or 0), source)


def _lineage(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a record says of the model's parent: that of the quantisation where there was one, it came last."""
    return _table(record, "quantize") or _table(record, "retrain")


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a table of a record; empty where there is none, as in models from elsewhere."""
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}
