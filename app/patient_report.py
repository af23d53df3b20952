"""Scores of one patient by the rules of `eegwarn.evaluate`, and the report to print; needs the ``train`` extra."""

import math
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from app.model_files import seen_recordings
from app.patient_rows import Scores
from app.patients import OpenedPatient
from app.saved import as_bytes
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.compared import compare_with_marks
from eegwarn.cohort.cohort import CohortRecording, fingerprint
from eegwarn.config import to_toml
from eegwarn.evaluate import Context, Report, ScoredRecording, make_report, rule_of_horizon
from eegwarn.evaluate.html import write_report
from eegwarn.evaluate.text import UNDEFINED, mean_rows

_SEED = 0


def for_diary(opened: OpenedPatient, scores: Scores) -> tuple[ScoredRecording, ...]:
    """Give all recordings of a patient with their seizures and, where they were scored, alarms; without windows."""
    nothing = np.empty(0)
    return tuple(
        ScoredRecording(
            each.patient_id,
            each.name,
            each.duration_s,
            nothing,
            nothing,
            nothing,
            each.events,
            alarms=scores[each.path].events if each.path in scores else (),
            start=each.start,
        )
        for each in opened.patient.recordings
    )


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
    return as_bytes(
        lambda path: write_report(
            path,
            report,
            _compared(opened, scores, bundle),
            configuration=to_toml(trained) if isinstance(trained, dict) else "",
            threshold=bundle.config.alarm.threshold,
            title=f"Patient {report.patients[0].patient_id}: seizures and warnings",
        )
    )


def n_seen(bundle: Bundle, contents: Sequence[str]) -> int:
    """Count the recordings, given by the fingerprints of their content, that a model's training saw."""
    return len(seen_recordings(bundle.record) & set(contents))


def _judged(opened: OpenedPatient, scores: Scores) -> list[CohortRecording]:
    return [each for each in opened.patient.recordings if each.path in scores and each.path not in opened.unmarked]


def _compared(opened: OpenedPatient, scores: Scores, bundle: Bundle) -> tuple[ScoredRecording, ...]:
    alarm = bundle.config.alarm
    return tuple(compare_with_marks(scores[each.path], opened.patient, each, alarm) for each in _judged(opened, scores))
