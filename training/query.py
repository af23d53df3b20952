"""From a model and a cohort to clips in the annotation queue.

``query_clips(model, folder, store, config, ...) -> Queried``
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn import __version__
from eegwarn.active.choose import LIBRARY, STRATEGIES, Choice, choose
from eegwarn.active.gate import strategy_named
from eegwarn.active.rule import BY_CHANCE
from eegwarn.bedside.bundle import Bundle, read_bundle
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, CohortRecording
from eegwarn.engine import LOCAL
from eegwarn.errors import CohortError, ConfigError, OutputError
from eegwarn.store import Store
from eegwarn.store.consensus import known_stretches
from eegwarn.store.labels import LabelRow, label_log, present_labels
from eegwarn.store.models import add_model
from eegwarn.store.people import checked_person
from eegwarn.store.queue import Question, ask, asked_questions
from eegwarn.store.recordings import StoredRecording, add_cohort
from training.cache import default_cache
from training.candidate_table import CandidateTable, candidate_table
from training.candidates import Described, GridConfig, describe_recordings
from training.catalogue import Catalogue, read_catalogue
from training.doubt import doubts, label_candidates
from training.label_rules import rules_of
from training.selection import (
    HIGH_SCORE_SHARE,
    Places,
    chosen_clips,
    highest_scores,
    interleaved,
    repeated_clips,
)


@dataclass(frozen=True)
class QueryConfig:
    """What is asked.

    Parameters
    ----------
    budget : int
        Clips to put into the queue.
    strategy : str
        One of `eegwarn.active.choose.STRATEGIES`.
    rater : str or None
        Who is asked; everybody if None.
    seed : int
        Of every random draw.
    grid : GridConfig
        Which windows are candidates.
    """

    budget: int
    strategy: str = "policy"
    rater: str | None = None
    seed: int = 0
    grid: GridConfig = field(default_factory=GridConfig)

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise ConfigError(f"budget must be at least 1 clip, but got {self.budget}.")
        if self.strategy not in STRATEGIES:
            raise ConfigError(f"Unknown strategy {self.strategy!r}. Choose one of {', '.join(STRATEGIES)}.")
        if self.rater is not None:
            checked_person(self.rater)


@dataclass(frozen=True)
class Queried:
    """What was put into the queue.

    Parameters
    ----------
    questions : tuple of Question
        In the order in which they are asked.
    query_ids : tuple of int
        Their numbers in the store.
    recordings : dict
        The recordings that they are about, under their ids.
    policy : str
        Name and version of what chose.
    n_candidates : int
        How many windows were looked at.
    n_labelled : int
        How many of them clinicians have labelled.
    skipped : tuple of (str, str)
        Recordings that could not be used, each with the reason.
    """

    questions: tuple[Question, ...]
    query_ids: tuple[int, ...]
    recordings: dict[int, StoredRecording]
    policy: str
    n_candidates: int
    n_labelled: int
    skipped: tuple[tuple[str, str], ...]


def query_clips(
    model: Path,
    folder: Path,
    store: Store,
    config: QueryConfig,
    *,
    by: str,
    cache: Path | None = None,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Queried:
    """Choose clips of a cohort and put them into the annotation queue.

    Parameters
    ----------
    model : Path
        The model whose doubts are asked about; one made small will do.
    folder : Path
        A folder of recordings.
    store : Store
        Where the queue and the labels are.
    config : QueryConfig
        How many, chosen how.
    by : str
        Who asks.
    cache : Path, optional
        Folder for processed signals, beside which is kept what the model sees of candidates; the user's if left out.
    engine : str
        Where recordings are looked at; see `eegwarn.engine`.
    progress : callable, optional
        Told of every step.

    Raises
    ------
    CohortError
        If no recording can be used, or nothing is left to ask about.
    ModelError
        If the model cannot be read, or its network gives no features.
    StoreError
        If the store cannot be read or written, or a patient's name is no pseudonym.
    OutputError
        If the cache cannot be written.
    """
    bundle = read_bundle(model)
    rules, windows, grid = rules_of(bundle.record), bundle.config.windows, config.grid
    signals = cache or default_cache()
    looked = _look(bundle, folder, store, grid, by=by, signals=signals, engine=engine, progress=progress)
    ids = {print_: one.id for print_, one in looked.stored.items()}
    present = [row for row in present_labels(label_log(store)) if row.clip.recording.fingerprint in ids]
    labelled = label_candidates(looked.described, looked.cohort, known_stretches(present), rules, grid, windows)
    doubt = doubts(looked.described, labelled, rules, grid, windows, np.random.default_rng((config.seed, 1)))
    table = candidate_table(looked.described, labelled, doubt, grid, windows)
    questions = _questions(table, windows.window_s, ids, present, asked_questions(store), config)
    if not questions:
        raise CohortError(
            f"Nothing is left to ask about in {str(folder)!r}: all {len(table)} candidates lie in clips that were "
            "labelled or are in the queue. Give further recordings."
        )
    name = config.strategy if config.strategy in LIBRARY else strategy_named(config.strategy).name
    policy = f"{name}, eegwarn {__version__}"
    model_id = add_model(store, model, by=by, record=bundle.record).id
    return Queried(
        questions,
        ask(store, questions, by=by, model_id=model_id, policy=policy),
        {one.id: one for one in looked.stored.values()},
        policy,
        n_candidates=len(table),
        n_labelled=int(np.isfinite(table.known).sum()),
        skipped=looked.skipped,
    )


@dataclass(frozen=True)
class _Looked:
    cohort: Cohort
    stored: dict[str, StoredRecording]
    described: tuple[Described, ...]
    skipped: tuple[tuple[str, str], ...]


def _look(
    bundle: Bundle,
    folder: Path,
    store: Store,
    grid: GridConfig,
    *,
    by: str,
    signals: Path,
    engine: str,
    progress: Progress | None,
) -> _Looked:
    """Describe the candidates of all recordings, and make them known to the store under their fingerprints."""
    cache = signals.with_name("candidates")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The cache {str(cache)!r} cannot be written: {error.strerror}. Choose another.") from error
    catalogue = read_catalogue(folder, cache, progress=progress)
    cohort = catalogue.cohort
    recordings, twice = _once_each(catalogue)
    stored = add_cohort(store, recordings, by=by)
    described, unusable = describe_recordings(
        bundle, recordings, grid, cache=cache, signals=signals, engine=engine, progress=progress
    )
    skipped = (*((one.path.name, one.reason) for one in cohort.skipped), *twice, *unusable)
    if not described:
        name, reason = unusable[0]
        raise CohortError(f"No recording of {str(folder)!r} can be used: {name}: {reason}")
    return _Looked(cohort, {one.fingerprint: one for one in stored}, described, skipped)


def _once_each(catalogue: Catalogue) -> tuple[list[tuple[CohortRecording, str]], list[tuple[str, str]]]:
    """Leave out copies: recordings of equal content; and say of which."""
    first: dict[str, CohortRecording] = {}
    twice = []
    for recording, print_ in zip(catalogue.cohort.recordings, catalogue.fingerprints, strict=True):
        if first.setdefault(print_, recording) is not recording:
            twice.append((recording.name, f"it is a copy of {first[print_].name!r}"))
    return [(recording, print_) for print_, recording in first.items()], twice


def _questions(
    table: CandidateTable,
    window_s: float,
    ids: dict[str, int],
    present: Sequence[LabelRow],
    asked: Sequence[Question],
    config: QueryConfig,
) -> tuple[Question, ...]:
    """Choose what to ask; nothing where nothing new is left."""
    rng = np.random.default_rng((config.seed, 2))
    repeats = repeated_clips(present, asked, config.budget, config.rater, rng)
    label = table.labels(rng)
    told = np.flatnonzero(np.isfinite(label))

    def choose_rows(is_open: NDArray[np.intp], n_wanted: int) -> list[Choice]:
        # What starts the head is asked about last of all.
        others = np.setdiff1d(is_open, told)
        listed = table.shortlist(others if len(others) else is_open, rng)
        rows = np.union1d(listed, told)
        given = np.where(np.isin(rows, listed), np.nan, label[rows])
        choices = choose(table.pool(rows), given, n_wanted, config.strategy, rng)
        # Of the library's strategies only chance gives its reason by its name.
        unsaid = BY_CHANCE if config.strategy == "random" else {f"chosen by {config.strategy}": 1.0}
        return [Choice(int(rows[choice.index]), choice.reason or unsaid) for choice in choices]

    n_new = config.budget - len(repeats)
    places = _places(table, window_s, ids, present, asked)
    surest, places = highest_scores(places, table.logit, round(HIGH_SCORE_SHARE * n_new), config.rater)
    chosen, _ = chosen_clips(places, choose_rows, n_new - len(surest), config.rater)
    return interleaved(chosen, surest, repeats) if chosen or surest else ()


def _places(
    table: CandidateTable,
    window_s: float,
    ids: dict[str, int],
    present: Sequence[LabelRow],
    asked: Sequence[Question],
) -> Places:
    taken: dict[int, list[tuple[float, float]]] = {}
    for row in present:
        taken.setdefault(row.clip.recording.id, []).append((row.clip.start_s, row.clip.end_s))
    for one in asked:
        taken.setdefault(one.recording_id, []).append((one.start_s, one.start_s + one.duration_s))
    return Places(
        recording_id=np.array([ids[each.fingerprint] for each in table.described])[table.recording],
        centre_s=table.start_s + window_s / 2,
        duration_s=np.array([each.source.duration_s for each in table.described])[table.recording],
        taken={recording_id: tuple(sorted(set(spans))) for recording_id, spans in taken.items()},
    )
