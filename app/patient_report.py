"""Scores of one patient by the rules of `eegwarn.evaluate`, and the report to print; needs the ``train`` extra."""

import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.model_files import seen_recordings
from app.patient_rows import Scores
from app.patients import OpenedPatient
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.compared import compare_with_marks
from eegwarn.cohort.cohort import CohortRecording, fingerprint
from eegwarn.config import to_toml
from eegwarn.evaluate import Context, Report, ScoredRecording, make_report, rule_of_horizon
from eegwarn.evaluate.html import write_report
from eegwarn.evaluate.text import UNDEFINED, mean_rows

_SEED = 0


def all_recordings(opened: OpenedPatient, scores: Scores, bundle: Bundle | None) -> tuple[ScoredRecording, ...]:
    """Give all recordings of a patient, with what is known of each: one that was not scored has no windows."""
    return tuple(_beside_marks(opened, each, scores, bundle) for each in opened.patient.recordings)


def report_of(opened: OpenedPatient, scores: Scores, bundle: Bundle, model: str, seen: int) -> Report | None:
    """Score a patient on the recordings that are marked and scored; None where there is none.

    Parameters
    ----------
    opened : OpenedPatient
        Whose.
    scores : mapping
        What the model said.
    bundle : Bundle
        The model.
    model : str
        What the report calls it.
    seen : int
        How many of the recordings its training saw.
    """
    judged = _judged(opened, scores)
    if not judged:
        return None
    context = Context(
        model=model,
        split=f"the model was trained on {seen} of these recordings: scores are too good"
        if seen
        else "by content none of these recordings was seen in training",
        data=f"{len(judged)} recordings of {judged[0].patient_id}",
        fingerprint=fingerprint(tuple(judged))[:16],
        seeds=(_SEED,),
        scorer=f"timescoring {version('timescoring')}",
    )
    rule = rule_of_horizon(bundle.config.horizon_s)
    return make_report(_compared(opened, scores, bundle), context, np.random.default_rng(_SEED), forecast=rule)


def metric_rows(report: Report) -> list[dict[str, str]]:
    """List the patient's scores with their 95 % intervals; what is not defined says so."""
    header, *rows = mean_rows(report)
    return [
        {title: "not defined" if cell == UNDEFINED else cell for title, cell in zip(header, row, strict=True)}
        for row in rows
    ]


def false_alarms(report: Report) -> str:
    """Say how many false alarms there are a day, with the interval; empty where that is not defined."""
    for one in report.estimates:
        if one.metric.key == "false_alarms_per_day" and math.isfinite(one.mean):
            low, high = one.interval
            bounds = f" (95 % {low:.1f} to {high:.1f})" if math.isfinite(low) else ""
            return f"**{one.mean:.1f} false alarms a day**{bounds}."
    return ""


def report_html(opened: OpenedPatient, scores: Scores, bundle: Bundle, report: Report) -> bytes:
    """Write the report as one HTML file with its figures, to be printed."""
    trained = bundle.record.get("config")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        write_report(
            path,
            report,
            _compared(opened, scores, bundle),
            configuration=to_toml(trained) if isinstance(trained, dict) else "",
            threshold=bundle.config.alarm.threshold,
            title=f"Patient {report.patients[0].patient_id}: seizures and warnings",
        )
        return path.read_bytes()


def n_seen(bundle: Bundle, contents: Sequence[str]) -> int:
    """Count the recordings, given by the fingerprints of their content, that a model's training saw."""
    return len(seen_recordings(bundle.record) & set(contents))


def _judged(opened: OpenedPatient, scores: Scores) -> list[CohortRecording]:
    return [each for each in opened.patient.recordings if each.path in scores and each.path not in opened.unmarked]


def _compared(opened: OpenedPatient, scores: Scores, bundle: Bundle) -> tuple[ScoredRecording, ...]:
    judged = _judged(opened, scores)
    return tuple(_beside_marks(opened, each, scores, bundle) for each in judged)


def _beside_marks(
    opened: OpenedPatient, each: CohortRecording, scores: Scores, bundle: Bundle | None
) -> ScoredRecording:
    if bundle is None or each.path not in scores:
        nothing = np.empty(0)
        return ScoredRecording(
            each.patient_id, each.name, each.duration_s, nothing, nothing, nothing, each.events, start=each.start
        )
    return compare_with_marks(scores[each.path], opened.patient, each, bundle.config.alarm)
