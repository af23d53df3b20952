"""The command that watches beds: ``eegwarn monitor``."""

import json
import math
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eegwarn.cli.monitor_store import StoreOpener
from eegwarn.cli.options import AsJson, Settings, StorePlace
from eegwarn.errors import ConfigError, RecordingError, StoreError

if TYPE_CHECKING:
    from eegwarn.bedside.beds import BedPlan
    from eegwarn.bedside.bundle import ModelConfig
    from eegwarn.bedside.diary import Told
    from eegwarn.bedside.log import Retention
    from eegwarn.bedside.runtime import Runtime
    from eegwarn.signal.stream import Source


def monitor(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A model file, NAME.eegwarn. May be left out where beds.toml names models."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="A recording to play, or lsl:NAME for a live stream of that name.")
    ] = None,
    speed: Annotated[
        float, typer.Option(help="How many times faster than real time a recording is played; 0 or inf: at once.")
    ] = 1.0,
    bed: Annotated[str | None, typer.Option(help="Name of the bed; that of the source if left out.")] = None,
    beds: Annotated[
        Path | None,
        typer.Option(
            help='Watch many beds: a TOML file with a table for each, such as ["bed 1"], source = "lsl:EEG1".'
        ),
    ] = None,
    store: StorePlace = None,
    keep_whole_hours: Annotated[
        float | None,
        typer.Option(
            help="Hours for which every warning level is kept, and then of each minute the highest; if left out, what "
            "beds.toml says above its tables, or 6."
        ),
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(
            help="Days for which levels are kept at all; if left out, what beds.toml says above its tables, or 30. "
            "Alarms, faults and labels are kept for good."
        ),
    ] = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Watch beds: a live stream, or a recording that is played. Tells warning levels, alarms and faults (UTC).

    Until its first minute has passed, a live stream is searched for the mains frequency and not judged; with
    --set signal.notch_hz=50 (or 60, or 0) it is judged at once. A recording that is played keeps its own dates.
    Stop it with Ctrl-C.

    A model that was promoted to a bed in the dashboard takes the place of the one that is named here, from the next
    start on; that is told. Which model watches which bed is written down.

    The last ten minutes of EEG are kept for the dashboard, in a folder beside the store that only this user may read,
    or in the one that EEGWARN_RECENT names. What nobody has written for a day is removed.
    """
    with _stopped_by_signal() as stop:
        plans, retention = _plans(model, source, speed, bed, beds)
        kept = {"keep_whole_hours": keep_whole_hours, "keep_days": keep_days}
        retention = replace(retention, **{name: value for name, value in kept.items() if value is not None})
        _watch(plans, StoreOpener(store, retention), store, settings or [], stop, as_json=as_json)


@contextmanager
def _stopped_by_signal() -> Iterator[Event]:
    """Give what SIGTERM and Ctrl-C set, from before anything that takes time: a start is stopped like a watch."""
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(
    plans: dict[str, "BedPlan"],
    opener: StoreOpener,
    store: str | None,
    settings: list[str],
    stop: Event,
    *,
    as_json: bool,
) -> None:
    """Watch beds until all their sources have ended, or ``stop`` is set."""
    from eegwarn.bedside.keeper import Keeper
    from eegwarn.bedside.monitor import Monitor, watch
    from eegwarn.bedside.writer import LogWriter
    from eegwarn.store.watching import watched_alone

    printer = _Printer(as_json=as_json, several=len(plans) > 1)
    chosen = opener.models_of({name: plan.model for name, plan in plans.items()}, printer.say)
    models = _read_models(set(chosen.values()), settings)
    sources = {name: _open_source(plan, models[chosen[name]][0]) for name, plan in plans.items()}
    with watched_alone(store, list(plans)) as trouble:
        if trouble:
            printer.say("", "store", trouble)
        writer = LogWriter(
            {name: partial(opener.log, name) for name in plans}, lambda name, said: printer.say(name, "store", said)
        )
        rings = {
            name: partial(opener.ring, name, models[chosen[name]][0].signal.sfreq, goes_on=plan.stream is not None)
            for name, plan in plans.items()
        }
        keeper = Keeper(rings, lambda name, said: printer.say(name, "eeg", said))
        monitors = [
            Monitor(
                name,
                sources[name],
                *models[chosen[name]],
                writer,
                printer.told,
                goes_on=plan.stream is not None,
                keeper=keeper,
            )
            for name, plan in plans.items()
        ]
        try:
            failed = watch(monitors, stop)
        finally:
            keeper.close()
            n_lost = writer.close()
        if n_lost:
            raise StoreError(f"{n_lost} rows could not be written to the store. {writer.trouble}".rstrip())
        for name, error in failed.items():
            raise RecordingError(f"Bed {name!r}: {error}")


def _plans(
    model: Path | None, source: str | None, speed: float, bed: str | None, beds: Path | None
) -> tuple[dict[str, "BedPlan"], "Retention"]:
    """Give what is asked for, by bed, with paths as seen from here, and how long levels are kept."""
    from eegwarn.bedside.beds import BedPlan, read_beds
    from eegwarn.bedside.log import Retention

    given = "" if model is None else str(model)
    if source is not None and beds is None:
        plan = BedPlan(source, speed, given)
        plans, retention = {bed or (plan.stream or Path(source).stem)[:64]: plan}, Retention()
    elif beds is not None and source is None:
        plans, retention = read_beds(beds, given)
    else:
        raise ConfigError("Give either --source FILE or --source lsl:NAME, or --beds beds.toml.")
    wrong = [name for name in plans if name != name.strip() or not 0 < len(name) <= 64 or not name.isprintable()]
    if wrong:
        raise ConfigError(f"A bed's name has 1 to 64 characters and no space around it, but got {wrong[0]!r}.")
    without = [name for name, plan in plans.items() if not plan.model]
    if without:
        raise ConfigError(f"No model was given for {', '.join(without)}. Name it first: eegwarn monitor MODEL.eegwarn")
    return plans, retention


def _read_models(paths: set[str], settings: list[str]) -> dict[str, tuple["ModelConfig", "Runtime"]]:
    """Read every model once: beds share its network."""
    from eegwarn.bedside import read_bundle
    from eegwarn.bedside.runtime import Runtime
    from eegwarn.config import override

    models = {}
    for path in sorted(paths):
        bundle = read_bundle(path)
        bundle = replace(bundle, config=override(bundle.config, settings))
        models[path] = bundle.config, Runtime(bundle)
    return models


def _open_source(plan: "BedPlan", config: "ModelConfig") -> "Source":
    if plan.stream is not None:
        from eegwarn.signal.lsl import LslStream

        return LslStream(plan.stream)
    from eegwarn.signal import open_recording
    from eegwarn.signal.chain import SignalChain
    from eegwarn.signal.stream import Replay

    recording = open_recording(plan.source)
    # What cannot be watched is refused before any bed is.
    SignalChain.for_recording(recording, config.signal)
    speed = math.inf if plan.speed == 0 else plan.speed
    return Replay(recording, config.signal, speed=speed)


class _Printer:
    """Prints a line a change of state, or one JSON object a line about everything."""

    def __init__(self, *, as_json: bool, several: bool) -> None:
        self._as_json = as_json
        self._several = several
        self._lock = Lock()

    def told(self, told: "Told") -> None:
        table: dict[str, Any] = {
            "bed": told.bed,
            "at": told.at.isoformat(timespec="milliseconds"),
            "what": told.what,
            "state": told.state.value,
            "level": told.level,
        }
        if told.reason:
            table["reason"] = told.reason
        if told.alarm is not None:
            cleared_at = told.alarm.cleared_at
            table |= {
                "raised_at": told.alarm.raised_at.isoformat(timespec="milliseconds"),
                "cleared_at": cleared_at and cleared_at.isoformat(timespec="milliseconds"),
                "peak_probability": told.alarm.peak_probability,
            }
        if self._as_json or told.what in ("state", "note", "end"):
            self._print(table, lambda: _in_words(told))

    def say(self, bed: str, what: str, sentence: str) -> None:
        self._print({"bed": bed, "what": what, "reason": sentence}, lambda: f"{what:<8} {sentence}")

    def _print(self, table: dict[str, Any], words: Callable[[], str]) -> None:
        if self._as_json:
            line = json.dumps(table, ensure_ascii=False)
        else:
            line = f"{table['bed']}: {words()}" if self._several and table["bed"] else words()
        with self._lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def _in_words(told: "Told") -> str:
    clock = told.at.strftime("%Y-%m-%d %H:%M:%S")
    if told.what != "state":
        return f"{clock}  {told.what:<8} {told.reason}"
    state = told.state.value.upper() if told.state.value in ("alarm", "fault") else told.state.value
    level = "" if told.level is None or told.state.value == "fault" else f"level {told.level:.2f}"
    return f"{clock}  {state:<8} {'  '.join(part for part in (level, told.reason) if part)}".rstrip()
