"""From a cohort to a model file.

``train(cohort, out, config, *, cache=None, device="auto", overwrite=False, progress=None) -> Trained``
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn

from eegwarn.bedside.bundle import Bundle, ModelConfig, read_bundle, write_bundle
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, Split, fingerprint, split_patients
from eegwarn.config import to_table
from eegwarn.engine import LOCAL
from eegwarn.errors import OutputError
from eegwarn.warning.trend import Trend
from training.cache import default_cache
from training.config import TrainConfig
from training.export import export_onnx, in_whole_blocks
from training.fit import Fitted, fit_warning
from training.learned import Learned
from training.loop import Place, choose_device, repeatable
from training.methods import learn
from training.network import judge_recordings
from training.ranks import ALONE, Ranks
from training.record import describe_part, person_code, run_key, versions
from training.trend import keep_if_better, learn_trend
from training.windows import Clips, LabelledRecording, prepare_recordings

Parts = dict[str, tuple[LabelledRecording, ...]]
"""``"training"`` and ``"validation"`` recordings."""


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Parameters
    ----------
    path : Path
        The model file.
    bundle : Bundle
        What is in it; ``bundle.record`` tells how it came to be.
    skipped : tuple of (str, str)
        Recordings that were left out, each with the reason.
    """

    path: Path
    bundle: Bundle
    skipped: tuple[tuple[str, str], ...]


def train(
    cohort: Cohort,
    out: Path,
    config: TrainConfig,
    *,
    clips: Clips | None = None,
    cache: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
    ranks: Ranks = ALONE,
) -> Trained:
    """Train a model on a cohort and write it; go on where an interrupted training stopped.

    Patients are divided into training, validation and test (``config.split``); the test patients are left alone and
    recorded in the model by their codes, for evaluation. The state of an unfinished training is kept beside ``out``.
    Several processes (``ranks``) that call this alike share the work and give the same model but for the order of sums;
    the first alone writes it.

    Parameters
    ----------
    cohort : Cohort
        Two patients at least, one more where test patients are left aside.
    out : Path
        The model file to write.
    config : TrainConfig
        How.
    clips : mapping, optional
        Stretches that a clinician labelled, the clean set; see `training.windows.clips_by_content`. Those of validation
        and test patients are not used.
    cache : Path, optional
        Folder for processed signals; the user's cache folder if left out.
    device : {"auto", "cpu", "cuda"}
        Where to train.
    overwrite : bool
        Whether ``out`` may be replaced.
    engine : str
        Where recordings are read and filtered; see `eegwarn.engine`.
    progress : callable, optional
        Told of every step.
    ranks : Ranks
        Which of the processes that train together this is; see `training.ranks.joined_ranks`.

    Returns
    -------
    Trained

    Raises
    ------
    SplitError, CohortError
        If the cohort cannot be divided, or a part has no seizure or no calm window.
    OutputError
        If ``out`` exists and may not be replaced, or something cannot be written.
    ModelError
        If there is an unfinished training of other data or another configuration.
    EngineError
        If another process is lost.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{str(out)!r} already exists. Choose another name, or allow it to be overwritten.")
    config = config.settled()
    split = divide(cohort, config)
    parts, skipped = read_parts(
        cohort, split, config, clips=clips or {}, cache=cache, engine=engine, progress=progress, ranks=ranks
    )
    place = Place(
        checkpoint=out.with_name(f"{out.name}.checkpoint"),
        run=run_key(parts["training"], parts["validation"], config),
        device=choose_device(device, ranks),
        progress=progress,
        ranks=ranks,
    )
    with repeatable(config.threads, ranks):
        bundle = train_parts(parts, split, config, place)
    if ranks.first:
        write_bundle(out, bundle, overwrite=overwrite)
        place.clear()
    ranks.wait()
    return Trained(out, read_bundle(out), skipped)


def divide(cohort: Cohort, config: TrainConfig) -> Split:
    """Divide the patients into training, validation and test, the same way for the same seed."""
    return split_patients(
        cohort,
        test_fraction=config.split.test_fraction,
        validation_fraction=config.split.validation_fraction,
        rng=np.random.default_rng((config.seed, 0)),
    )


def read_parts(
    cohort: Cohort,
    split: Split,
    config: TrainConfig,
    *,
    clips: Clips,
    cache: Path | None,
    progress: Progress | None,
    engine: str = LOCAL,
    ranks: Ranks = ALONE,
) -> tuple[Parts, tuple[tuple[str, str], ...]]:
    """Read the recordings of the training part, with the clips that are known, and of the validation part.

    Returns
    -------
    parts : dict
        ``"training"`` and ``"validation"`` recordings.
    skipped : tuple of (str, str)
        What could not be read, each with the reason.
    """
    cache = cache or default_cache()
    if ranks.n_ranks > 1:
        # Each process makes its share of the cache; then all open the whole.
        own = (split.train + split.validation)[ranks.rank :: ranks.n_ranks]
        prepare_recordings(cohort, own, config, cache=cache, step="fill the cache", progress=progress)
        ranks.wait()
    read = partial(prepare_recordings, cohort, config=config, cache=cache, engine=engine, progress=progress)
    training = read(split.train, step="read training patients", clips=clips)
    validation = read(split.validation, step="read validation patients")
    parts = {"training": training.recordings, "validation": validation.recordings}
    return parts, training.skipped + validation.skipped


def train_parts(
    parts: Parts,
    split: Split,
    config: TrainConfig,
    place: Place,
    *,
    start: nn.Module | None = None,
) -> Bundle:
    """Train, calibrate and choose the alarm threshold, with recordings that are read and labelled.

    Parameters
    ----------
    parts : dict
        ``"training"`` and ``"validation"`` recordings.
    split : Split
        Where they come from, and whom they leave for the test.
    config : TrainConfig
        How; its method is settled.
    place : Place
        Where; the caller removes what is kept there once the model is safe.
    start : nn.Module, optional
        Network from whose weights to go on; see `training.methods.learn`.
    """
    learned = learn(parts["training"], parts["validation"], config, place, start=start)
    windows = [each.windows for each in parts["validation"]]
    logits = judge_recordings(learned.network, windows, place, stage="calibrate")
    trend, logits = _follow_minutes(learned, parts, logits, config, place)
    fitted = fit_warning(parts["validation"], logits, config)
    return _bundle(learned, trend, fitted, config, _record(parts, split, config, learned, fitted))


def _follow_minutes(
    learned: Learned,
    parts: Parts,
    logits: list[NDArray[np.float64]],
    config: TrainConfig,
    place: Place,
) -> tuple[Trend, list[NDArray[np.float64]]]:
    """Let the minutes before a window count, where that helps the validation patients."""
    if not (config.horizon_s and config.trend_s):
        return Trend(), logits
    hop_s = config.windows.hop_s
    targets = learned.targets(parts["training"])
    trend = learn_trend(
        learned.network, parts["training"], targets, place, time_constants_s=config.trend_s, hop_s=hop_s
    )
    return keep_if_better(trend, parts["validation"], logits, hop_s=hop_s)


def _bundle(learned: Learned, trend: Trend, fitted: Fitted, config: TrainConfig, record: dict[str, Any]) -> Bundle:
    n_times, _ = config.windows.in_samples(config.signal.sfreq)
    network = learned.network.to("cpu")
    return Bundle(
        config=ModelConfig(
            horizon_s=config.horizon_s,
            signal=config.signal,
            windows=config.windows,
            trend=trend,
            calibration=fitted.calibration,
            alarm=fitted.alarm,
            backbone={"kind": config.backbone, **to_table(config.backbone_config)},
        ),
        onnx=in_whole_blocks(export_onnx(network, n_channels=config.backbone_config.n_channels, n_times=n_times)),
        weights=save({name: value.contiguous() for name, value in network.state_dict().items()}),
        record=record,
    )


def _record(
    parts: Parts,
    split: Split,
    config: TrainConfig,
    learned: Learned,
    fitted: Fitted,
) -> dict[str, Any]:
    return {
        "data_fingerprint": fingerprint(split.train + split.validation),
        "seed": config.seed,
        "versions": versions(),
        "split": {
            "training": describe_part(parts["training"]),
            "validation": describe_part(parts["validation"]),
            "test_persons": sorted({person_code(recording.subject_id) for recording in split.test}),
        },
        "training": {
            "steps": learned.state.step,
            "validation_auroc": learned.state.best_score,
            "history": learned.state.history,
        },
        "labels": learned.about,
        "warning": fitted.about,
        "config": to_table(config),
    }
