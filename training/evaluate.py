"""Evaluation of a model file on patients that it was not trained on.

``evaluate_model(bundle, cohort, *, model, include_seen=False, seed=0, sph_s=None, progress=None) -> Evaluated``
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.compared import compare_with_marks
from eegwarn.bedside.scored_folder import score_file
from eegwarn.bedside.scoring import Progress, Scored
from eegwarn.cohort import Cohort, CohortRecording, fingerprint
from eegwarn.config import to_toml
from eegwarn.engine import LOCAL, on_each
from eegwarn.errors import CohortError, SplitError
from eegwarn.evaluate import Context, Report, ScoredRecording, make_report, rule_of_horizon, to_table
from eegwarn.evaluate.html import write_report
from training.record import Origin, person_code, read_origin


@dataclass(frozen=True)
class Evaluated:
    """An evaluation.

    Parameters
    ----------
    report : Report
        Scores per patient and their means.
    recordings : tuple of ScoredRecording
        What they rest on.
    left_out : tuple of str
        Patients that were left out because the model was trained on them. Those left out for their names alone are
        named in the report's context.
    skipped : tuple of (str, str)
        Recordings that could not be scored, each with the reason.
    """

    report: Report
    recordings: tuple[ScoredRecording, ...]
    left_out: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def evaluate_model(
    bundle: Bundle,
    cohort: Cohort,
    *,
    model: str,
    include_seen: bool = False,
    seed: int = 0,
    sph_s: float | None = None,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Evaluated:
    """Score recordings with a model and compare with their marks.

    Patients that the model's training saw, in its training or its validation part, are left out, and so are those whose
    names occur there: they may be the same persons.

    Parameters
    ----------
    bundle : Bundle
        The model.
    cohort : Cohort
        With marks.
    model : str
        What the report calls the model.
    include_seen : bool
        Evaluate on patients that training saw as well; the report says so.
    seed : int
        Of the bootstrap and of the shifts in time.
    sph_s : float, optional
        Of a model that foresees: how long before an onset a warning must come, in s; see ``rule_of_horizon``.
    engine : str
        Where recordings are scored; see `eegwarn.engine`.
    progress : callable, optional
        Told of every step.

    Returns
    -------
    Evaluated

    Raises
    ------
    SplitError
        If the model was trained on every patient of the cohort, or on patients with their names.
    ModelError
        If the model's record does not say whom it was trained on, or the network fails.
    CohortError
        If no recording could be scored.
    """
    origin = read_origin(bundle.record)
    seen = seen_persons(origin, cohort)
    left_out = set() if include_seen else seen.known | seen.namesakes
    chosen = [each for each in cohort.recordings if each.subject_id not in left_out]
    if not chosen:
        raise SplitError(_all_seen(seen, cohort))
    recordings, skipped = _score_all(bundle, cohort, chosen, engine, progress)
    if not recordings:
        raise CohortError(f"No recording of {str(cohort.folder)!r} could be scored: {skipped[0][0]}: {skipped[0][1]}")
    report = make_report(
        recordings,
        Context(
            model=model,
            split=_split_in_words(seen, include_seen),
            data=f"{len(recordings)} recordings of {cohort.folder.name} ({cohort.layout})",
            fingerprint=fingerprint(tuple(chosen))[:16],
            seeds=(origin.seed, seed),
            scorer=f"timescoring {version('timescoring')}",
        ),
        np.random.default_rng(seed),
        forecast=rule_of_horizon(bundle.config.horizon_s, sph_s=sph_s),
    )
    return Evaluated(report, tuple(recordings), tuple(sorted(left_out & seen.known)), tuple(skipped))


def describe_evaluation(evaluated: Evaluated) -> dict[str, Any]:
    """Give what a model's training record keeps of an evaluation: means over patients with their 95 % intervals.

    ``mean`` is laid out as in `eegwarn.evaluate.to_table`; what is not defined is left out.
    """
    context, table = evaluated.report.context, to_table(evaluated.report)
    return {
        "data": context.data,
        "fingerprint": context.fingerprint,
        "n_patients": len(evaluated.report.patients),
        "mean": {
            key: {name: number for name, number in row.items() if number is not None}
            for key, row in table["mean"].items()
            if row["value"] is not None
        },
    }


def write_html(path: Path, evaluated: Evaluated, bundle: Bundle) -> None:
    """Write an evaluation as one HTML file with figures and the configuration that the model was trained with.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_report(
        path,
        evaluated.report,
        evaluated.recordings,
        configuration=to_toml(read_origin(bundle.record).config),
        threshold=bundle.config.alarm.threshold,
        record=bundle.record,
    )


@dataclass(frozen=True)
class Seen:
    """Persons of a cohort that training saw (``known``), or may have seen since their name occurs (``namesakes``)."""

    known: set[str]
    namesakes: set[str]


def seen_persons(origin: Origin, cohort: Cohort) -> Seen:
    """Find the persons of a cohort that a model's training saw.

    A recording is known by its content. Where a cohort holds any recording that training used, it is the same data set,
    and a person's name stands for the same person: new recordings of that person were seen too. Without such a
    recording a name that occurs in training may be the same person's, with other or altered files, or, as names such
    as ``sub-01`` repeat between data sets, another's.

    Returns
    -------
    Seen
        Their ``subject_id``.
    """
    contents = {content for prints in origin.seen.values() for content in prints}
    shared = {each.subject_id for each in cohort.recordings if each.content() in contents}
    named = {each.subject_id for each in cohort.recordings if person_code(each.subject_id) in origin.seen}
    return Seen(shared | named, set()) if shared else Seen(set(), named)


def _all_seen(seen: Seen, cohort: Cohort) -> str:
    if seen.known:
        return (
            f"The model was trained on every patient of {str(cohort.folder)!r} ({', '.join(sorted(seen.known))}): "
            "scores on them would be too good. Give other patients, or include these on purpose (--include-seen)."
        )
    return (
        f"Every patient of {str(cohort.folder)!r} ({', '.join(sorted(seen.namesakes))}) has a name that occurs in the "
        "model's training. If they are other persons of the same names, include them on purpose (--include-seen)."
    )


def _split_in_words(seen: Seen, include_seen: bool) -> str:
    namesakes = ", ".join(sorted(seen.namesakes))
    if include_seen and seen.known:
        return "includes patients the model was trained on: these scores are too good"
    if include_seen and namesakes:
        return f"includes patients whose names occur in training: too good if they are the same persons ({namesakes})"
    apart = "patients apart: by content and name none was seen in training, calibration or choice of the threshold"
    if namesakes:
        return f"{apart}; left out for their names alone, unless --include-seen is given: {namesakes}"
    return apart


def _score_all(
    bundle: Bundle, cohort: Cohort, chosen: Sequence[CohortRecording], engine: str, progress: Progress | None
) -> tuple[list[ScoredRecording], list[tuple[str, str]]]:
    recordings, skipped = [], []
    score = partial(score_file, bundle, ahead=engine == LOCAL)
    scores = on_each(score, [each.path for each in chosen], engine=engine)
    for number, (each, scored) in enumerate(zip(chosen, scores, strict=True), start=1):
        if isinstance(scored, Scored):
            recordings.append(compare_with_marks(scored, cohort.patient(each.patient_id), each, bundle.config.alarm))
        else:
            skipped.append((each.name, scored))
        if progress is not None:
            progress("score test patients", number, len(chosen))
    return recordings, skipped
