"""From a model and the labels that clinicians gave since to a new model, held against the old one.

``retrain_model(model, cohort, out, config, store=..., by=...) -> Retrained``
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eegwarn.backbones import Backbone
from eegwarn.bedside.bundle import Bundle, read_bundle, write_bundle
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, Split
from eegwarn.config import from_table
from eegwarn.errors import ConfigError, OutputError, StoreError
from eegwarn.evaluate import Comparison, compare_models, comparison_table
from eegwarn.store import Store
from eegwarn.store.consensus import known_stretches
from eegwarn.store.labels import LabelRow, label_log, present_labels
from eegwarn.store.models import StoredModel, add_model
from training.config import TrainConfig
from training.evaluate import Evaluated, describe_evaluation, evaluate_model
from training.finetune import trained_network
from training.label_use import LabelUse, leave_unjudged, sort_labels
from training.loop import Place, choose_device, repeatable
from training.ranks import ALONE, Ranks
from training.record import Origin, read_origin, run_key
from training.recorded_split import missing_test_persons, split_as_recorded
from training.train import read_parts, train_parts

Start = Literal["scratch", "weights"]

_NAMED = 5
"""Most recordings or patients that a message names."""


@dataclass(frozen=True)
class Retrained:
    """A finished retraining.

    Parameters
    ----------
    path : Path
        The new model.
    bundle : Bundle
        What is in it; ``bundle.record["retrain"]`` tells of which model it is a child, and by which labels,
        ``bundle.record["evaluation"]`` how it does on the patients held out.
    model : StoredModel
        The new model in the store; its parent is the old one.
    labels : LabelUse
        Which labels were learned from, and why the others were not.
    old, new : Evaluated
        Both models on the patients held out.
    comparison : Comparison
        New less old, and what to do.
    skipped : tuple of (str, str)
        What was left out, each with the reason.
    """

    path: Path
    bundle: Bundle
    model: StoredModel
    labels: LabelUse
    old: Evaluated
    new: Evaluated
    comparison: Comparison
    skipped: tuple[tuple[str, str], ...]


def recorded_config(bundle: Bundle) -> TrainConfig:
    """Give the configuration that a model was trained with.

    Raises
    ------
    ModelError
        If the model has no training record.
    ConfigError
        If the record's configuration is of another version of eegwarn.
    """
    return from_table(TrainConfig, read_origin(bundle.record).config)


def retrain_model(
    model: Path,
    cohort: Cohort,
    out: Path,
    config: TrainConfig,
    *,
    store: Store,
    by: str,
    rater: str | None = None,
    start: Start = "scratch",
    cache: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
    ranks: Ranks = ALONE,
) -> Retrained:
    """Train a model again with the labels in the store, and hold it against the old one.

    The labels are the clean set of the correction that ``config.method`` names. The patients stay in the parts that the
    old model's record names (`split_as_recorded`); labels of validation and held-out patients are not used. Both models
    are then compared on the patients held out. An interrupted run goes on when it is repeated with the same labels.

    Parameters
    ----------
    model : Path
        The old model.
    cohort : Cohort
        That it was trained on; recordings may have moved, and new ones been added.
    out : Path
        The new model to write.
    config : TrainConfig
        How; usually `recorded_config` of the old model.
    store : Store
        Holds the labels, and takes both models with their lineage and the comparison.
    by : str
        Who retrains.
    rater : str, optional
        Whose labels alone are used.
    start : {"scratch", "weights"}
        Train new networks, or let every training of the method go on from the old model's weights.
    cache : Path, optional
        Folder for processed signals; the user's cache folder if left out.
    device : {"auto", "cpu", "cuda"}
        Where to train.
    overwrite : bool
        Whether ``out`` may be replaced.
    progress : callable, optional
        Told of every step.
    ranks : Ranks
        Which of the processes that train together this is; each judges both models, and the first writes the new one.

    Raises
    ------
    OutputError
        If ``out`` exists and may not be replaced, or something cannot be written.
    StoreError
        If no label can be used, or the store cannot be read or written.
    ConfigError
        If the configuration is for another task or, from weights, another network than the old model's.
    ModelError
        If the model's record or weights are missing, or an unfinished run is of other labels.
    CohortError, SplitError
        If the cohort is not the one that the model was trained on, or cannot be divided as it was.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{str(out)!r} already exists. Choose another name, or allow it to be overwritten.")
    config, bundle = config.settled(), read_bundle(model)
    origin, network = read_origin(bundle.record), _start_network(bundle, config, start)
    present = _present_labels(store, rater)
    clips = known_stretches(present)
    split = split_as_recorded(cohort, origin, clips.keys())
    use = _refuse_none(sort_labels(present, split), split)
    parent = add_model(store, model, by=by, record=bundle.record)
    parts, skipped = read_parts(cohort, split, config, clips=clips, cache=cache, progress=progress, ranks=ranks)
    use = _refuse_none(leave_unjudged(use, parts["training"], clips), split)
    held_out = _held_out(cohort, split)
    old = evaluate_model(bundle, held_out, model=model.name, seed=config.seed, progress=progress)
    run = repr((run_key(parts["training"], parts["validation"], config), parent.fingerprint, start))
    place = Place(
        checkpoint=out.with_name(f"{out.name}.checkpoint"),
        run=hashlib.sha256(run.encode()).hexdigest(),
        device=choose_device(device, ranks),
        progress=progress,
        ranks=ranks,
    )
    with repeatable(config.threads, ranks):
        made = train_parts(parts, split, config, place, start=network)
    new = evaluate_model(made, held_out, model=out.name, seed=config.seed, progress=progress)
    comparison = compare_models(old.report.patients, new.report.patients, np.random.default_rng((config.seed, 6)))
    about = {"parent": parent.fingerprint, "start": start, "method": config.method, "labels": use.describe()}
    about |= {"comparison": comparison_table(comparison), "before": describe_evaluation(old)}
    made = _with_lineage(made, origin, {"retrain": about, "evaluation": describe_evaluation(new)})
    if ranks.first:
        write_bundle(out, made, overwrite=overwrite)
        place.clear()
    ranks.wait()
    child = add_model(store, out, by=by, record=made.record, parent_id=parent.id)
    skipped += old.skipped + _missing(cohort, origin, use)
    return Retrained(out, read_bundle(out), child, use, old, new, comparison, skipped)


def _start_network(bundle: Bundle, config: TrainConfig, start: Start) -> Backbone | None:
    if config.horizon_s != bundle.config.horizon_s:
        raise ConfigError(
            f"The model warns with horizon_s = {bundle.config.horizon_s:g}, and a retrained one with the same, but got "
            f"{config.horizon_s:g}. Train another model for another task."
        )
    if start == "scratch":
        return None
    network = trained_network(bundle)
    if network.config != config.backbone_config:
        raise ConfigError(
            f"From weights the network stays {network.config}, but got {config.backbone_config}. Leave its settings, "
            "or train from scratch."
        )
    return network


def _present_labels(store: Store, rater: str | None) -> tuple[LabelRow, ...]:
    present = present_labels(label_log(store, rater=rater))
    if not present:
        whose = "No label" if rater is None else f"No label by {rater!r}"
        raise StoreError(
            f"{whose} is in the store {str(store.place)!r}: there is nothing to learn from. Label clips in the "
            "dashboard, or import a table with eegwarn labels import."
        )
    return present


def _refuse_none(use: LabelUse, split: Split) -> LabelUse:
    if use.used:
        return use
    why = "; ".join(f"{n} {reason}" for reason, n in use.unused.items())
    gone = f" ({_some(use.gone)})" if use.gone else ""
    patients = _some(tuple(dict.fromkeys(each.patient_id for each in split.train)))
    raise StoreError(
        f"None of {len(use.rows)} labels can be learned from: {why}{gone}. Label clips of the training patients "
        f"({patients})."
    )


def _some(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def _held_out(cohort: Cohort, split: Split) -> Cohort:
    persons = {each.subject_id for each in split.test}
    return replace(
        cohort,
        patients=tuple(one for one in cohort.patients if any(each.subject_id in persons for each in one.recordings)),
    )


def _with_lineage(made: Bundle, origin: Origin, about: dict[str, Any]) -> Bundle:
    """Write down where the model comes from; everybody stays in the part they were in, also who is not there now."""
    split = dict(made.record["split"])
    for name, part in (("training", origin.split.training), ("validation", origin.split.validation)):
        persons = dict(split[name]["persons"])
        for code, prints in part.persons.items():
            persons[code] = list(dict.fromkeys([*persons.get(code, ()), *prints]))
        split[name] = {**split[name], "persons": persons}
    split["test_persons"] = origin.split.test_persons
    return replace(made, record={**made.record, "split": split, **about})


def _missing(cohort: Cohort, origin: Origin, use: LabelUse) -> tuple[tuple[str, str], ...]:
    where = f"not in {str(cohort.folder)!r}"
    here = {each.content() for each in cohort.recordings}
    n_gone = sum(print_ not in here for prints in origin.seen.values() for print_ in prints)
    n_persons = missing_test_persons(cohort, origin)
    found = [
        (f"{n_gone} of the recordings that the model was trained on", where) if n_gone else None,
        (f"labelled {_some(use.gone)}", where) if use.gone else None,
        (
            f"{n_persons} of the test patients of the model",
            f"{where}; unknown patients are held out, as they may be those",
        )
        if n_persons
        else None,
    ]
    return tuple(each for each in found if each is not None)
