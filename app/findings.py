"""What a scored recording holds, for people: which seizures were caught, in a sentence, a table and a file."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.saved import as_bytes
from eegwarn.bedside.scoring import Scored
from eegwarn.events.event import SeizureEvent
from eegwarn.events.matching import alarm_reach
from eegwarn.events.szcore import write_szcore_tsv
from eegwarn.warning.alarm import Alarm

SETTLING_S = 10.0
"""Filters and the first window take this long at the start of every recording: drawn, but not worth a sentence."""

UNMARKED_END = "end not marked"


@dataclass(frozen=True)
class Match:
    """A marked seizure and the first alarm that belongs to it.

    ``delay_s`` is from the mark to the alarm, negative where the alarm came first; None where none did.
    """

    seizure: SeizureEvent
    delay_s: float | None


def match_seizures(
    seizures: Sequence[SeizureEvent], alarms: Sequence[Alarm], *, horizon_s: float = 0.0
) -> tuple[Match, ...]:
    """Find for every marked seizure the first alarm that was on around it.

    Parameters
    ----------
    seizures : sequence of SeizureEvent
        Marks, in time order.
    alarms : sequence of Alarm
        In time order.
    horizon_s : float
        How far before the onset the model means to warn.
    """
    matches = []
    for seizure in seizures:
        delays = [alarm.raised_s - seizure.onset_s for alarm in alarms if belongs(alarm, seizure, horizon_s=horizon_s)]
        matches.append(Match(seizure, min(delays, default=None)))
    return tuple(matches)


def belongs(alarm: Alarm, seizure: SeizureEvent, *, horizon_s: float = 0.0) -> bool:
    """Whether an alarm was on between the horizon (at least 30 s) before a seizure and a minute after it."""
    ((earliest_s, latest_s),) = alarm_reach([seizure], horizon_s=horizon_s)
    lasts = alarm.cleared_s is None or alarm.cleared_s >= earliest_s
    return bool(lasts and alarm.raised_s <= latest_s)


def in_words(scored: Scored, seizures: Sequence[SeizureEvent]) -> str:
    """Say in two or three sentences what was found, and what could not be judged."""
    matches = match_seizures(seizures, scored.alarms, horizon_s=scored.horizon_s)
    n_stray = sum(
        not any(belongs(alarm, seizure, horizon_s=scored.horizon_s) for seizure in seizures) for alarm in scored.alarms
    )
    sentences = [f"{count(len(scored.alarms), 'alarm')} in {clock(scored.duration_s)}."]
    if seizures:
        caught = [match.delay_s for match in matches if match.delay_s is not None]
        sentences.append(f"{len(caught)} of {count(len(seizures), 'marked seizure')} caught{_delays(caught)}.")
        if n_stray:
            sentences.append(f"{count(n_stray, 'alarm')} without a marked seizure.")
    else:
        sentences.append("No seizure is marked here, so nothing tells whether that is right.")
    not_judged_s = sum(end_s - start_s for start_s, end_s in fault_spans(scored))
    if not_judged_s > SETTLING_S:
        sentences.append(f"FAULT for {clock(not_judged_s)}: nothing could be judged then.")
    if scored.unwatched:
        sentences.append(f"NOT WATCHED, missing or bad for most of the time: {', '.join(scored.unwatched)}.")
    return " ".join(sentences)


def alarm_spans(scored: Scored) -> list[tuple[float, float]]:
    """Begin and end of every alarm; one that lasts ends with the recording."""
    return [(event.onset_s, event.offset_s or event.onset_s) for event in scored.events]


def fault_spans(scored: Scored) -> list[tuple[float, float]]:
    """Begin and end of every fault; one that lasts ends with the recording, and the first may begin with it.

    Before the first window has ended nothing can be judged: a fault from then on reaches back to the start.
    """
    first_s = float(scored.time_s[0]) if scored.time_s.size else 0.0
    return [
        (
            0.0 if fault.start_s <= first_s else fault.start_s,
            scored.duration_s if fault.end_s is None else fault.end_s,
        )
        for fault in scored.faults
    ]


def alarm_table(scored: Scored, seizures: Sequence[SeizureEvent]) -> list[dict[str, str | float]]:
    """List alarms and marked seizures in time order, one row each, ready to be shown.

    Returns
    -------
    list of dict
        Keys ``at_s`` (a number, to go there), ``What``, ``Time``, ``Lasts`` and ``Level`` (text).
    """
    matches = match_seizures(seizures, scored.alarms, horizon_s=scored.horizon_s)
    rows: list[dict[str, str | float]] = [
        _row(start_s, "▲ alarm", end_s - start_s, f"{alarm.peak_probability:.2f}")
        for alarm, (start_s, end_s) in zip(scored.alarms, alarm_spans(scored), strict=True)
    ]
    rows += [
        _row(
            match.seizure.onset_s,
            "■ seizure, missed" if match.delay_s is None else "■ seizure, caught",
            match.seizure.duration_s,
            "",
        )
        for match in matches
    ]
    return sorted(rows, key=lambda row: row["at_s"])


def seizure_table(seizures: Sequence[SeizureEvent]) -> list[dict[str, str | float]]:
    """List marked seizures of a recording that was not scored; rows as in `alarm_table`."""
    return [_row(seizure.onset_s, "■ seizure", seizure.duration_s, "") for seizure in seizures]


def alarms_tsv(scored: Scored) -> bytes:
    """Write the alarms as SzCORE's table of events."""
    return as_bytes(
        lambda path: write_szcore_tsv(
            path, scored.events, recording_duration_s=scored.duration_s, start=scored.start, by_model=True
        )
    )


def clock(seconds: float) -> str:
    """Write seconds as ``h:mm:ss``, rounded down, as the viewer does; before the start is at the start."""
    whole = max(0, int(seconds + 1e-6))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _row(at_s: float, what: str, lasts_s: float | None, level: str) -> dict[str, str | float]:
    return {
        "at_s": at_s,
        "What": what,
        "Time": clock(at_s),
        "Lasts": UNMARKED_END if lasts_s is None else f"{lasts_s:.0f} s",
        "Level": level,
    }


def count(number: int, noun: str) -> str:
    """Write how many there are, as ``1 alarm`` or ``No alarms``."""
    return f"{number or 'No'} {noun}{'' if number == 1 else 's'}"


def _delays(delays_s: Sequence[float]) -> str:
    if not delays_s:
        return ""
    worded = [f"{abs(delay_s):.0f} s {'before' if delay_s < 0 else 'after'}" for delay_s in delays_s[:5]]
    more = ", …" if len(delays_s) > len(worded) else ""
    return f" ({', '.join(worded)}{more} the mark)"
