"""The main job end to end on a small simulated cohort.

``run_demo(out, *, n_patients=24, hours=0.4, seed=0, config=None, say=None, progress=None) -> Demo``
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eegwarn.bedside.bundle import Bundle, read_bundle, write_bundle
from eegwarn.bedside.scoring import Progress, Scored, score_recording
from eegwarn.cohort import Cohort, CohortRecording, fingerprint, read_cohort
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from eegwarn.config import from_table, to_toml
from eegwarn.errors import OutputError
from eegwarn.events.szcore import write_szcore_tsv
from eegwarn.store import open_store
from eegwarn.store.queue import asked_questions
from training.config import TrainConfig
from training.evaluate import Evaluated, describe_evaluation, evaluate_model, write_html
from training.quantize import quantize_model
from training.query import QueryConfig, query_clips
from training.record import person_code, read_origin
from training.shipped import shipped_config
from training.small import PLAIN
from training.train import divide, train

_N_BEDS = 4
_N_CLIPS = 20
_REPLAY_SPEED = 6.0

Say = Callable[[str], None]
"""Called with one sentence for the person who waits."""


@dataclass(frozen=True)
class Demo:
    """What a demonstration left in its folder.

    Parameters
    ----------
    folder, cohort, model, small, warnings, report, beds, store : Path
        The folder and what is in it; ``small`` is the model in 8 bits, ``beds`` for ``eegwarn monitor --beds``, and
        ``store`` holds the annotation queue.
    evaluated : Evaluated
        Scores on the held-out patients.
    recording : CohortRecording
        The held-out recording that was scored.
    scored : Scored
        What the model says about it.
    """

    folder: Path
    cohort: Path
    model: Path
    small: Path
    warnings: Path
    report: Path
    beds: Path
    store: Path
    evaluated: Evaluated
    recording: CohortRecording
    scored: Scored


def run_demo(
    out: Path,
    *,
    n_patients: int = 24,
    hours: float = 0.4,
    seed: int = 0,
    config: TrainConfig | None = None,
    say: Say | None = None,
    progress: Progress | None = None,
) -> Demo:
    """Simulate a cohort, train, evaluate on held-out patients, make small, ask about clips, and score one recording.

    Run again with the same folder and settings, it goes on where it stopped and keeps what is finished.

    Parameters
    ----------
    out : Path
        Folder for ``cohort/``, ``model.eegwarn``, ``small.eegwarn``, ``warnings.tsv``, ``report.html``, ``beds.toml``
        and ``store.db``; made where it is missing.
    n_patients, hours, seed : int, float, int
        Size of the cohort, length of each patient's EEG, and its seed.
    config : TrainConfig, optional
        The shipped configuration ``demo`` if left out.
    say, progress : callable, optional
        Told what is being done, and how far it is.

    Returns
    -------
    Demo

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds a model of another demonstration.
    CohortError
        If the folder holds another cohort.
    StoreError
        If the folder's store cannot be opened.
    """
    config = config or shipped_config("demo")
    tell = say or (lambda _: None)
    made = ("cohort", "model.eegwarn", "small.eegwarn", "warnings.tsv", "report.html", "beds.toml", "store.db")
    demo_cohort, model, small, warnings, report, beds, store = (out / name for name in made)
    # The user's cache is left alone: these signals are never needed again.
    cache = out / "signals"
    tell(f"Simulating {n_patients} patients with {hours:g} h of EEG each, written as EDF to {demo_cohort}.")
    cohort = _simulate(demo_cohort, n_patients, hours, seed, progress)
    tell(f"Training a network on the rough marks of {_sizes_in_words(cohort, config)}.")
    bundle = _train(cohort, model, config, cache, progress)
    tell("Evaluating on the patients that it never saw.")
    evaluated = evaluate_model(bundle, cohort, model=model.name, seed=seed, progress=progress)
    if not small.exists():
        # Where the dashboard looks for it; what is made from the model names it by its file, so it is written before.
        bundle = replace(bundle, record={**bundle.record, "evaluation": describe_evaluation(evaluated)})
        write_bundle(model, bundle, overwrite=True)
        tell("Rounding its weights to 8 bits for the bedside.")
        quantize_model(model, cohort, small, PLAIN, cache=cache, device="cpu", progress=progress)
    _ask(model, demo_cohort, store, cache, seed, tell, progress)
    for folder in (cache, cache.with_name("candidates")):
        shutil.rmtree(folder, ignore_errors=True)
    telling = _most_telling(cohort, bundle)
    recording = telling[0]
    tell(f"Scoring {recording.name} of patient {recording.patient_id}, one of them.")
    scored = score_recording(bundle, recording.open(), progress)
    write_szcore_tsv(warnings, scored.events, recording_duration_s=scored.duration_s, start=scored.start, by_model=True)
    write_html(report, evaluated, bundle)
    _write_beds(beds, telling[:_N_BEDS], model)
    return Demo(out, demo_cohort, model, small, warnings, report, beds, store, evaluated, recording, scored)


def _simulate(folder: Path, n_patients: int, hours: float, seed: int, progress: Progress | None) -> Cohort:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{str(folder)!r} cannot be made: {error.strerror}. Choose another folder.") from error
    # Progress counts in whole minutes: its steps are integers.
    report = (
        None if progress is None else (lambda done, total: progress("simulate", round(60 * done), round(60 * total)))
    )
    # More seizures than in any ward, so that half an hour of each patient is enough to learn from.
    simulation = SimulationConfig(seizures_per_hour=3.0)
    write_cohort(folder, n_patients=n_patients, hours=hours, seed=seed, config=simulation, progress=report)
    return read_cohort(folder)


def _train(cohort: Cohort, model: Path, config: TrainConfig, cache: Path, progress: Progress | None) -> Bundle:
    if not model.exists():
        return train(cohort, model, config, cache=cache, progress=progress).bundle
    bundle = read_bundle(model)
    origin = read_origin(bundle.record)
    split = divide(cohort, config)
    same_data = origin.data_fingerprint == fingerprint(split.train + split.validation)
    if not same_data or from_table(TrainConfig, origin.config) != config.settled():
        raise OutputError(
            f"{str(model)!r} was trained on other data or with another configuration. "
            "Remove it, or choose another folder."
        )
    return bundle


def _ask(model: Path, cohort: Path, place: Path, cache: Path, seed: int, tell: Say, progress: Progress | None) -> None:
    """Put clips into the queue of the demonstration's own store, unless it holds some."""
    store = open_store(place)
    try:
        if not asked_questions(store):
            tell(f"Choosing {_N_CLIPS} clips whose annotation would help most.")
            query_clips(
                model, cohort, store, QueryConfig(_N_CLIPS, seed=seed), by="demo", cache=cache, progress=progress
            )
    finally:
        store.close()


def _sizes_in_words(cohort: Cohort, config: TrainConfig) -> str:
    split = divide(cohort, config)
    n_train, n_validation, n_test = (
        len({recording.subject_id for recording in part}) for part in (split.train, split.validation, split.test)
    )
    return f"{n_train} patients, with {n_validation} more to calibrate it and {n_test} left for the test"


def _most_telling(cohort: Cohort, bundle: Bundle) -> list[CohortRecording]:
    """Give the recordings of held-out patients, those with the most seizures first."""
    codes = read_origin(bundle.record).split.test_persons
    held_out = [each for each in cohort.recordings if person_code(each.subject_id) in codes]
    return sorted(held_out, key=lambda each: len(each.events), reverse=True)


def _write_beds(path: Path, recordings: Sequence[CohortRecording], model: Path) -> None:
    """Write beds for the monitor: each plays a recording, faster than in life so that something happens."""
    plans = {
        f"bed {number}": {
            "source": str(recording.path.relative_to(path.parent)),
            "model": model.name,
            "speed": _REPLAY_SPEED,
        }
        for number, recording in enumerate(recordings, start=1)
    }
    path.write_text(to_toml(plans), encoding="utf-8")
