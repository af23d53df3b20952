"""What the patients page lists: the recordings, and the seizures and alarms of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.findings import SETTLING_S, Match, alarm_spans, belongs, clock, count, fault_spans, match_seizures
from app.patients import OpenedPatient
from eegwarn.bedside.scoring import Scored
from eegwarn.cohort.cohort import CohortRecording

Scores = Mapping[Path, Scored]
"""Of the recordings that were scored."""


@dataclass(frozen=True)
class Finding:
    """A seizure or an alarm without one: where it is, and what is said of it."""

    path: Path
    at_s: float
    text: str


def recording_rows(opened: OpenedPatient, scores: Scores) -> list[dict[str, str | int]]:
    """List a patient's recordings, one row each, in the order of time."""
    return [_row(each, scores.get(each.path), each.path in opened.unmarked) for each in opened.patient.recordings]


def findings_of(opened: OpenedPatient, scores: Scores) -> list[Finding]:
    """List a patient's seizures, each with its warning, and the alarms that belong to none, in the order of time."""
    found: list[Finding] = []
    for each in opened.patient.recordings:
        scored = scores.get(each.path)
        own = _seizures(each, scored) + (_strays(each, scored, each.path in opened.unmarked) if scored else [])
        found += sorted(own, key=lambda one: one.at_s)
    return found


def summary(opened: OpenedPatient, scores: Scores) -> str:
    """Say in a few sentences how many seizures had a warning, and what could not be told."""
    recordings = opened.patient.recordings
    marked = [each for each in recordings if each.path not in opened.unmarked]
    n_waiting = len(recordings) - len(scores)
    matches = [match for each in marked if each.path in scores for match in _matches(each, scores[each.path])]
    in_time = sum(match.delay_s is not None and not _is_late(match) for match in matches)
    late = sum(_is_late(match) for match in matches)
    words = [f"**{clock(sum(each.duration_s for each in recordings))}** in {count(len(recordings), 'recording')}."]
    if scores and n_waiting:
        words.append(f"Not scored yet: {n_waiting}.")
    if matches:
        missed = len(matches) - in_time - late
        parts = [f"**{in_time} caught**", *([f"{late} late"] if late else []), f"**{missed} missed**"]
        words.append(f"{count(len(matches), 'marked seizure')}: {', '.join(parts)}.")
    elif marked and not n_waiting:
        words.append("No seizure is marked.")
    if opened.unmarked:
        words.append(f"{count(len(opened.unmarked), 'recording')} without marks: nothing tells what is right there.")
    not_judged_s = sum(end_s - start_s for scored in scores.values() for start_s, end_s in fault_spans(scored))
    if not_judged_s > SETTLING_S * len(scores):
        words.append(f"Not judged: {clock(not_judged_s)}.")
    return " ".join(words)


def _row(each: CohortRecording, scored: Scored | None, is_unmarked: bool) -> dict[str, str | int]:
    faults_s = sum(end_s - start_s for start_s, end_s in fault_spans(scored)) if scored else 0.0
    return {
        "Recording": each.path.stem,
        "Starts": f"{each.start:%H:%M:%S}" if each.start else "–",
        "Lasts": clock(each.duration_s),
        "Seizures": "not marked" if is_unmarked else str(len(each.events)),
        "Alarms": str(len(scored.alarms)) if scored else "not scored",
        "Not judged": clock(faults_s) if scored else "–",
    }


def _matches(each: CohortRecording, scored: Scored) -> tuple[Match, ...]:
    return match_seizures(each.events, scored.alarms, horizon_s=scored.horizon_s)


def _is_late(match: Match) -> bool:
    """Whether the alarm came when the seizure was over; without a marked end nothing tells."""
    lasts_s = match.seizure.duration_s
    return match.delay_s is not None and lasts_s is not None and match.delay_s > lasts_s


def _seizures(each: CohortRecording, scored: Scored | None) -> list[Finding]:
    if scored is None:
        return [_finding(each, seizure.onset_s, "■", "seizure · not scored") for seizure in each.events]
    return [
        _finding(each, match.seizure.onset_s, "□" if match.delay_s is None else "■", _in_words(match))
        for match in _matches(each, scored)
    ]


def _in_words(match: Match) -> str:
    if match.delay_s is None:
        return "seizure · missed"
    side = "before" if match.delay_s < 0 else "after"
    late = ", when it was over" if _is_late(match) else ""
    return f"seizure · alarm {abs(match.delay_s):.0f} s {side} its onset{late}"


def _strays(each: CohortRecording, scored: Scored, is_unmarked: bool) -> list[Finding]:
    what = "alarm · nothing is marked" if is_unmarked else "false alarm"
    return [
        _finding(each, alarm.raised_s, "▲", f"{what} · {end_s - start_s:.0f} s, level {alarm.peak_probability:.2f}")
        for alarm, (start_s, end_s) in zip(scored.alarms, alarm_spans(scored), strict=True)
        if not any(belongs(alarm, seizure, horizon_s=scored.horizon_s) for seizure in each.events)
    ]


def _finding(each: CohortRecording, at_s: float, sign: str, text: str) -> Finding:
    return Finding(each.path, at_s, f"{sign} {each.path.stem} {clock(at_s)} {text}")
