"""Evaluation of a model file on patients that it was not trained on.

``evaluate_model(bundle, cohort, *, model, include_seen=False, seed=0, progress=None) -> Evaluated``
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.scoring import Progress, Scored, score_recording
from eegwarn.cohort import Cohort, CohortRecording, fingerprint
from eegwarn.config import to_toml
from eegwarn.errors import CohortError, RecordingError, SplitError
from eegwarn.evaluate import Context, ForecastRule, Report, ScoredRecording, make_report
from eegwarn.evaluate.html import write_report
from eegwarn.events.labels import WindowState, label_windows
from training.cache import file_fingerprint


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
        Patients that were left out because the model was trained on them.
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
    progress: Progress | None = None,
) -> Evaluated:
    """Score recordings with a model and compare with their marks.

    Patients that the model's training saw, in its training or its validation part, are left out.

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
        Of the bootstrap.
    progress : callable, optional
        Told of every step.

    Returns
    -------
    Evaluated

    Raises
    ------
    SplitError
        If the model was trained on every patient of the cohort.
    CohortError
        If no recording could be scored.
    """
    seen = seen_persons(bundle.record, cohort)
    chosen = [each for each in cohort.recordings if include_seen or each.subject_id not in seen]
    if not chosen:
        raise SplitError(
            f"The model was trained on every patient of {str(cohort.folder)!r} ({', '.join(sorted(seen))}): scores on "
            "them would be too good. Give other patients, or include the ones it saw on purpose."
        )
    recordings, skipped = _score_all(bundle, cohort, chosen, progress)
    if not recordings:
        raise CohortError(f"No recording of {str(cohort.folder)!r} could be scored: {skipped[0][0]}: {skipped[0][1]}")
    horizon_s = bundle.config.horizon_s
    report = make_report(
        recordings,
        Context(
            model=model,
            split=_split_in_words(bool(seen), include_seen),
            data=f"{len(recordings)} recordings of {cohort.folder.name} ({cohort.layout})",
            fingerprint=fingerprint(tuple(chosen))[:16],
            seeds=(int(bundle.record.get("seed", 0)), seed),
            scorer=f"timescoring {version('timescoring')}",
        ),
        np.random.default_rng(seed),
        forecast=ForecastRule(0.0, horizon_s) if horizon_s else None,
    )
    left_out = () if include_seen else tuple(sorted(seen))
    return Evaluated(report, tuple(recordings), left_out, tuple(skipped))


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
        configuration=to_toml(bundle.record.get("config", {})),
        threshold=bundle.config.alarm.threshold,
    )


def seen_persons(record: dict[str, Any], cohort: Cohort) -> set[str]:
    """Find the persons of a cohort that a model's training saw.

    A recording is known by its content. Where a cohort holds any recording that training used, it is the same data set,
    and a person's name stands for the same person: new recordings of that person were seen too. The same name in
    another data set says nothing.

    Returns
    -------
    set of str
        Their ``subject_id``.
    """
    parts = [record.get("split", {}).get(part, {}).get("persons", {}) for part in ("training", "validation")]
    names = {name for part in parts for name in part}
    contents = {content for part in parts for prints in part.values() for content in prints}
    shared = {each.subject_id for each in cohort.recordings if file_fingerprint(each.path) in contents}
    if shared:
        shared |= names & {each.subject_id for each in cohort.recordings}
    return shared


def _split_in_words(any_seen: bool, include_seen: bool) -> str:
    if any_seen and include_seen:
        return "includes patients the model was trained on: these scores are too good"
    return "patients apart: none was seen in training, calibration or choice of the threshold"


def _score_all(
    bundle: Bundle, cohort: Cohort, chosen: Sequence[CohortRecording], progress: Progress | None
) -> tuple[list[ScoredRecording], list[tuple[str, str]]]:
    recordings, skipped = [], []
    for number, each in enumerate(chosen, start=1):
        try:
            recordings.append(_compared(score_recording(bundle, each.open()), cohort, each))
        except RecordingError as error:
            skipped.append((each.name, str(error)))
        if progress is not None:
            progress("score test patients", number, len(chosen))
    return recordings, skipped


def _compared(scored: Scored, cohort: Cohort, recording: CohortRecording) -> ScoredRecording:
    events = cohort.patient(recording.patient_id).events_seen_from(recording)
    state = label_windows(scored.start_s, scored.window_s, events, horizon_s=scored.horizon_s).state
    label: NDArray[np.float64] = np.isin(state, (WindowState.ICTAL, WindowState.PREICTAL)).astype(np.float64)
    label[state == WindowState.POSTICTAL] = np.nan
    return ScoredRecording(
        patient_id=recording.patient_id,
        name=recording.name,
        duration_s=scored.duration_s,
        time_s=scored.time_s,
        probability=scored.probability,
        label=label,
        seizures=recording.events,
        alarms=scored.events,
        faults=tuple(
            (fault.start_s, scored.duration_s if fault.end_s is None else fault.end_s) for fault in scored.faults
        ),
    )
