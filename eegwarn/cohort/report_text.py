"""Reports of `inspect` as lines for people."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from eegwarn.cohort.inspect import AnnotationReport, Report
from eegwarn.cohort.look import RecordingReport
from eegwarn.events import SeizureEvent

_MOST_SHOWN = 20


def report_text(report: Report) -> str:
    """Write a report as text: a folder in totals and one line a recording, a single file in full.

    Names and texts come from files; what is not printable in them, such as the escapes of a terminal, becomes �.
    """
    return "\n".join("".join(one if one.isprintable() else "�" for one in line) for line in _lines(report))


def _lines(report: Report) -> list[str]:
    if report.layout is None:
        lines = [line for recording in report.recordings for line in recording_lines(recording)]
        lines += [line for annotation in report.annotations for line in annotation_lines(annotation)]
        lines = lines or [report.path]
        return [*lines, *(f"  problem: {problem}" for problem in report.problems)]
    usable = sum(recording.usable for recording in report.recordings)
    lines = [
        f"{report.path}: layout {report.layout}, {_count(len(report.patients), 'patient')}, "
        f"{_count(len(report.recordings), 'recording')} ({usable} usable), "
        f"{_count(len(report.annotations), 'file')} of seizure marks"
    ]
    for patient in report.patients:
        lines.append(
            f"  {patient.id}: {_count(patient.n_recordings, 'recording')}, {patient.duration_s / 3600:.2f} h, "
            f"{_count(patient.n_seizures, 'seizure')}"
        )
    worst_first = sorted(report.recordings, key=lambda recording: recording.usable)
    lines += _shortened([_one_line(recording) for recording in worst_first])
    if not report.recordings:
        lines += _shortened([f"{_name(one.path)}: {_annotation_count(one)}" for one in report.annotations])
    return lines + _shortened([f"problem: {problem}" for problem in report.problems])


def recording_lines(report: RecordingReport) -> list[str]:
    """Describe one recording, a line for each kind of fact."""
    lines = [f"{report.path}: {'usable' if report.usable else 'not usable'}"]
    if report.duration_s is not None:
        lines += [
            f"  {_length(report.duration_s)} at {report.sfreq:g} Hz, {len(report.channels)} EEG channels "
            f"({report.montage}): {', '.join(report.channels)}",
            f"  set aside: {_names(report.set_aside)}",
            f"  {len(report.derivations)} of {len(report.derivations) + len(report.missing_derivations)} derivations; "
            f"missing: {_names(report.missing_derivations)}",
            f"  gaps: {_names(f'{length:g} s at {at:g} s' for at, length in report.gaps_s)}",
            f"  median amplitude: {'none' if report.amplitude_uv is None else f'{report.amplitude_uv:.3g} µV'}; "
            f"mains: {f'{report.mains_hz} Hz' if report.mains_hz else 'none seen'}",
            f"  flat: {_names(report.flat_channels)}; saturated: {_names(report.saturated_channels)}; "
            f"without samples: {_names(report.nan_channels)}; implausible: {_names(report.implausible_channels)}",
        ]
    if report.events is not None:
        lines.append(f"  seizures: {_events(report.events)}")
    return lines + [f"  problem: {problem}" for problem in report.problems]


def annotation_lines(report: AnnotationReport) -> list[str]:
    """Describe one file of seizure marks, with a line for each recording that has a seizure."""
    lines = [f"{report.path}: {report.format}, {_annotation_count(report)}"]
    return lines + _shortened([f"{name}: {_events(events)}" for name, events in report.recordings if events])


def _annotation_count(report: AnnotationReport) -> str:
    return f"{_count(len(report.recordings), 'recording')}, {_count(report.n_seizures, 'seizure')}"


def _one_line(report: RecordingReport) -> str:
    name = _name(report.path)
    if report.duration_s is None:
        return f"{name}: not usable. {' '.join(report.problems)}"
    seizures = "unknown" if report.events is None else str(len(report.events))
    facts = [
        _length(report.duration_s),
        f"{report.sfreq:g} Hz",
        f"{len(report.channels)} channels ({report.montage})",
        f"{len(report.derivations)} of {len(report.derivations) + len(report.missing_derivations)} derivations",
        f"seizures: {seizures}",
    ]
    return f"{name}: {', '.join(facts)}. {' '.join(report.problems)}".rstrip()


def _shortened(lines: Sequence[str]) -> list[str]:
    shown = [f"  {line}" for line in lines[:_MOST_SHOWN]]
    return shown if len(lines) <= _MOST_SHOWN else [*shown, f"  … and {len(lines) - _MOST_SHOWN} more (see --json)"]


def _events(events: Iterable[SeizureEvent]) -> str:
    return _names(
        f"{event.onset_s:g} s" if event.offset_s is None else f"{event.onset_s:g}-{event.offset_s:g} s"
        for event in events
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _name(path: str) -> str:
    return Path(path).name


def _length(duration_s: float) -> str:
    return f"{duration_s:g} s" if duration_s < 3600 else f"{duration_s / 3600:.2f} h"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
