"""What the command line shows: progress on standard error, results as text or JSON on standard output."""

import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eegwarn.bedside.scoring import Progress, Scored
from eegwarn.events import SeizureEvent

if TYPE_CHECKING:
    from eegwarn.bedside.scored_folder import ScoredFile
    from training.evaluate import Evaluated
    from training.train import Trained

SAY_EVERY_S = 5.0
"""Without a terminal, a step tells how far it is this often, in s."""


@contextmanager
def progress(*, silent: bool = False) -> Iterator[Progress]:
    """Show bars with the time left, one a step; where standard error is no terminal, a line now and then.

    Such a line is ``  STEP: DONE of TOTAL, H:MM:SS left`` on the way, `SAY_EVERY_S` apart at least, and
    ``  STEP: done (TOTAL)`` at the end: what reads the log of a command that runs unattended goes by them. With
    ``silent`` nothing is shown: of several processes one tells.
    """
    if silent:
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    steps: dict[str, Any] = {}
    if not console.is_terminal:
        yield lambda step, done, total: _say_how_far(steps, step, done, total, time.monotonic())
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:

        def show(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=total)
            bars.update(steps[step], completed=done, total=total)

        yield show


@dataclass
class _Begun:
    """A step on its way: when it was first heard of and how far it was then, and when it was last told."""

    at_s: float
    done: int
    told_s: float


def _say_how_far(steps: dict[str, _Begun], step: str, done: int, total: int, now_s: float) -> None:
    if step not in steps or (steps[step].told_s == math.inf and done < total):  # the same step may come again
        steps[step] = _Begun(now_s, done, now_s)
    begun = steps[step]
    if done >= total and begun.told_s < math.inf:
        begun.told_s = math.inf
        say(f"  {step}: done ({total})")
    elif done > begun.done and now_s - begun.told_s >= SAY_EVERY_S:
        from app.findings import clock

        begun.told_s = now_s
        left_s = (now_s - begun.at_s) / (done - begun.done) * (total - done)
        say(f"  {step}: {done} of {total}, {clock(left_s)} left")


def say(sentence: str) -> None:
    """Tell the person who waits what is being done."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def print_json(value: Any) -> None:
    """Print JSON; a number that is not finite becomes null, as JSON has no other word for it."""
    sys.stdout.write(json.dumps(_finite(value), ensure_ascii=False, indent=1, default=str) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def scored_table(scored: Scored) -> dict[str, Any]:
    """Turn a scored recording into a table for JSON; all times in seconds from the recording's start."""
    return {
        "recording": scored.name,
        "duration_s": scored.duration_s,
        "window_s": scored.window_s,
        "horizon_s": scored.horizon_s,
        "alarms": [alarm._asdict() for alarm in scored.alarms],
        "faults": [fault._asdict() for fault in scored.faults],
        "unwatched": list(scored.unwatched),
        "time_s": scored.time_s.round(3).tolist(),
        "probability": scored.probability.round(6).tolist(),
    }


def scored_text(scored: Scored, marked: Sequence[SeizureEvent]) -> str:
    """Say what a model found in a recording, and how that compares with the marks in its own file, if any."""
    from app.findings import SETTLING_S, UNMARKED_END, alarm_table, clock, fault_spans, in_words

    def fault(start_s: float, end_s: float) -> str:
        # A newcomer must not take what befalls every recording for a bad one.
        settling = ", as at every start: filters settle" if start_s == 0 and end_s <= SETTLING_S else ""
        return f"  {clock(start_s)}  FAULT until {clock(end_s)}{settling}"

    lines = [fault(start_s, end_s) for start_s, end_s in fault_spans(scored)]
    for row in alarm_table(scored, marked):
        level = f"level {row['Level']}" if row["Level"] else ""
        lasts = row["Lasts"] if row["Lasts"] == UNMARKED_END else f"lasts {row['Lasts']:<8}"
        lines.append(f"  {row['Time']}  {row['What']:<18} {lasts} {level}".rstrip())
    return "\n".join([f"{scored.name}: {in_words(scored, marked)}", *sorted(lines)])


def scored_folder_text(lines: "Sequence[ScoredFile]", out: Path) -> str:
    """Say of each recording of a folder what a model found, and where the tables are."""
    from app.findings import clock, count

    def found(line: "ScoredFile") -> str:
        if line.duration_s is None:
            return f"NOT SCORED: {line.reason}"
        said = [f"{count(line.n_alarms, 'alarm')} in {clock(line.duration_s)}"]
        if line.fault_s > 0:
            said.append(f"FAULT for {clock(line.fault_s)}")
        if line.unwatched:
            said.append(f"NOT WATCHED: {line.unwatched}")
        return "; ".join(said)

    scored = [line for line in lines if line.duration_s is not None]
    alarms = count(sum(line.n_alarms for line in scored), "alarm")
    hours = sum(line.duration_s or 0.0 for line in scored) / 3600
    return "\n".join(
        [
            *(f"  {line.recording}  {found(line)}" for line in lines),
            f"{count(len(scored), 'recording')} of {len(lines)} scored: {alarms} in {hours:.1f} h. Tables: {out}",
        ]
    )


def evaluation_table(evaluated: "Evaluated") -> dict[str, Any]:
    """Turn an evaluation into a table for JSON."""
    from eegwarn.evaluate import to_table

    return {
        **to_table(evaluated.report),
        "left_out": list(evaluated.left_out),
        "skipped": [{"recording": name, "reason": reason} for name, reason in evaluated.skipped],
    }


def evaluation_text(evaluated: "Evaluated") -> str:
    """Write an evaluation for a terminal, with what was left out and why."""
    from eegwarn.evaluate import to_text

    lines = [to_text(evaluated.report)]
    if evaluated.left_out:
        lines.append(f"Left out, since training saw them: {', '.join(evaluated.left_out)}.")
    lines += [f"Not scored: {name}: {reason}" for name, reason in evaluated.skipped]
    return "\n".join(lines)


def trained_text(trained: "Trained") -> str:
    """Say in a few lines what training gave and what to do next."""
    from app.corrections import moves_in_words

    record, config = trained.bundle.record, trained.bundle.config
    size_kib = trained.path.stat().st_size / 1024
    lines = [
        f"Trained {trained.path} ({size_kib:.0f} KiB) in {record['training']['steps']} steps.",
        *filter(None, [moves_in_words(record)]),
        f"Temperature {config.calibration.temperature:.2f}, alarm threshold {config.alarm.threshold:.2f}.",
        *(f"Note: {caveat}" for part in ("labels", "warning") for caveat in record[part].get("caveats", [])),
        f"Evaluate it on patients it never saw: eegwarn evaluate {trained.path} DATA",
    ]
    return "\n".join(lines)
