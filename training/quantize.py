"""From a trained model to a small one, with what that costs on patients that training never saw.

``quantize_model(model, cohort, out, config, ...) -> Shrunk``
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from eegwarn.bedside.bundle import Bundle, packed, read_bundle, write_bundle
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, CohortRecording
from eegwarn.config import from_table, to_table
from eegwarn.errors import CohortError, OutputError
from eegwarn.evaluate import paired_differences
from eegwarn.evaluate.bootstrap import Interval
from eegwarn.evaluate.metrics import SAMPLE_METRICS
from training.cache import default_cache
from training.config import TrainConfig
from training.evaluate import Evaluated, describe_evaluation, evaluate_model
from training.finetune import QuantizeConfig, trained_network
from training.footprint import Footprint, measure_footprints
from training.loop import Place, choose_device, repeatable
from training.record import RecordedPart, person_code, read_origin, run_key
from training.small import PLAIN, make_small
from training.train import Parts
from training.windows import prepare_recordings


@dataclass(frozen=True)
class Measured:
    """One model: how it judges patients that training never saw, and what it asks for."""

    name: str
    evaluated: Evaluated
    footprint: Footprint


@dataclass(frozen=True)
class Shrunk:
    """A finished quantisation.

    Parameters
    ----------
    path : Path
        The small model.
    bundle : Bundle
        What is in it; ``bundle.record["quantize"]`` tells how it came to be, ``bundle.record["evaluation"]`` how it
        does on the patients held out.
    before, plain, small : Measured
        The model it was made from, the same with weights rounded to 8 bits, and the small one.
    gain : float
        Mean over patients of the small model's AUROC less that of ``plain``.
    gain_interval : Interval
        Of it, 95 %, over patients; NaN with fewer than two.
    skipped : tuple of (str, str)
        Recordings that were left out, each with the reason.
    """

    path: Path
    bundle: Bundle
    before: Measured
    plain: Measured
    small: Measured
    gain: float
    gain_interval: Interval
    skipped: tuple[tuple[str, str], ...]

    @property
    def worth_it(self) -> bool:
        """Whether the small model judges better than plain 8 bits, beyond the interval."""
        return self.gain_interval.low > 0


def quantize_model(
    model: Path,
    cohort: Cohort,
    out: Path,
    config: QuantizeConfig,
    *,
    cache: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Shrunk:
    """Make a model small, and hold it against the model it was made from; go on where an interrupted run stopped.

    The patients that the model was trained and validated on, by its record and by the content of their recordings, are
    trained and validated on again; calibration and alarm threshold are fitted anew on the latter. All others are left
    for the comparison.

    Parameters
    ----------
    model : Path
        The trained model, with its weights.
    cohort : Cohort
        That it was trained on, with patients that it was not trained on.
    out : Path
        The small model to write.
    config : QuantizeConfig
        How.
    cache : Path, optional
        Folder for processed signals; the user's cache folder if left out.
    device : {"auto", "cpu", "cuda"}
        Where to train.
    overwrite : bool
        Whether ``out`` may be replaced.
    progress : callable, optional
        Told of every step.

    Raises
    ------
    OutputError
        If ``out`` exists and may not be replaced, or something cannot be written.
    ModelError
        If the model holds no weights, or an unfinished run is of other data or another configuration.
    CohortError, SplitError
        If the cohort lacks the patients that the model was trained on, or has no others.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{str(out)!r} already exists. Choose another name, or allow it to be overwritten.")
    bundle, content = read_bundle(model), model.read_bytes()
    network = trained_network(bundle)
    origin = read_origin(bundle.record)
    train_config = from_table(TrainConfig, origin.config)
    parts, skipped = seen_again(
        cohort, origin.split.training, origin.split.validation, train_config, cache=cache, progress=progress
    )
    before = evaluate_model(bundle, cohort, model=model.name, seed=origin.seed, progress=progress)
    place = Place(
        checkpoint=out.with_name(f"{out.name}.checkpoint"),
        run=_run_of(content, parts, train_config, config),
        device=choose_device(device),
        progress=progress,
    )
    with repeatable(train_config.threads):
        plain = make_small(bundle, network, parts, train_config, PLAIN, place)
        small = plain if config == PLAIN else make_small(bundle, network, parts, train_config, config, place)
    # Asked for plain 8 bits, both are one model.
    judged = [
        evaluate_model(each, cohort, model=out.name, seed=origin.seed, progress=progress)
        for each in ([plain] if small is plain else [plain, small])
    ]
    evaluated = [before, judged[0], judged[-1]]
    small = _with_lineage(small, hashlib.sha256(content).hexdigest(), evaluated, [len(content), len(packed(plain))])
    write_bundle(out, small, overwrite=overwrite)
    place.clear()
    with TemporaryDirectory() as folder:
        rounded = Path(folder) / "plain.eegwarn"
        write_bundle(rounded, plain)
        footprints = measure_footprints([model, rounded, out])
    names = ("before", "plain 8 bits", "small")
    measured = [Measured(*each) for each in zip(names, evaluated, footprints, strict=True)]
    (auroc,) = paired_differences(
        [metric for metric in SAMPLE_METRICS if metric.key == "auroc"],
        evaluated[1].report.patients,
        evaluated[2].report.patients,
        np.random.default_rng(origin.seed),
    )
    return Shrunk(out, read_bundle(out), *measured, auroc.gain, auroc.interval, skipped)


def seen_again(
    cohort: Cohort,
    training: RecordedPart,
    validation: RecordedPart,
    config: TrainConfig,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Parts, tuple[tuple[str, str], ...]]:
    """Read the recordings that a model was trained and validated on, known by person and content.

    Parameters
    ----------
    cohort : Cohort
        Where they are.
    training, validation : RecordedPart
        From the model's record.
    config : TrainConfig
        With which it was trained.
    cache : Path, optional
        Folder for processed signals; the user's cache folder if left out.
    progress : callable, optional
        Told after each recording.

    Returns
    -------
    parts : dict
        ``"training"`` and ``"validation"`` recordings.
    skipped : tuple of (str, str)
        What could not be read or is not there, each with the reason.

    Raises
    ------
    CohortError
        If there is none of a part.
    """
    parts: Parts = {}
    skipped: list[tuple[str, str]] = []
    for name, part in (("training", training), ("validation", validation)):
        chosen = [each for each in cohort.recordings if _is_of(each, part)]
        if not chosen:
            raise CohortError(
                f"{str(cohort.folder)!r} holds none of the recordings that the model's {name} part was made of. "
                "Give the cohort that it was trained on."
            )
        prepared = prepare_recordings(
            cohort, chosen, config, cache=cache or default_cache(), step=f"read {name} patients", progress=progress
        )
        parts[name] = prepared.recordings
        skipped += prepared.skipped
        if n_missing := sum(map(len, part.persons.values())) - len(chosen):
            skipped.append((f"{n_missing} recordings of the {name} part", f"not in {str(cohort.folder)!r}"))
    return parts, tuple(skipped)


def _is_of(recording: CohortRecording, part: RecordedPart) -> bool:
    return recording.content() in part.persons.get(person_code(recording.subject_id), ())


def _run_of(model: bytes, parts: Parts, train_config: TrainConfig, config: QuantizeConfig) -> str:
    of_data = run_key(parts["training"], parts["validation"], train_config)
    of_model = hashlib.sha256(model).hexdigest()
    return hashlib.sha256(repr((of_data, of_model, to_table(config))).encode()).hexdigest()


def _with_lineage(small: Bundle, parent: str, evaluated: Sequence[Evaluated], n_bytes: Sequence[int]) -> Bundle:
    """Write down of which model this is a small one, and how it, that one and plain 8 bits do on the same patients."""
    against = {
        name: {"n_bytes": size, **describe_evaluation(each)}
        for name, size, each in zip(("before", "plain"), n_bytes, evaluated, strict=False)
    }
    about = {**small.record["quantize"], "parent": parent, **against}
    return replace(small, record={**small.record, "quantize": about, "evaluation": describe_evaluation(evaluated[-1])})
