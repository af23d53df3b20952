"""Faults of live streams, several beds at once: senders that are killed and come back, or whose clock jumps.

Every try raises an alarm first, by EEG that becomes loud. Whatever happens to the stream then, the store must hold that
alarm once, raised when it was; a bed without samples must be at fault, and never calm, elevated or judged.
"""

import importlib.util
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np

from eegwarn.bedside.log import BedState
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import alarms_between, present_beds
from eegwarn.store.beds import faults_between, levels_between
from training.benchmarks.fault_ward import LONGEST_S, Fault, Row, Ward, start
from training.benchmarks.lsl_sender import ELECTRODES, Sender, new_name, start_sender

SEEN_WITHIN_S = 5.5
"""A bed is at fault so long after its latest sample: it is stalled after 3 s, and a search for its stream takes 1 s."""

LATE_S = 2.0
"""A window that ends that long after the latest sample has too few left, and one that the store has was written."""

GAP_S = (1.0, 12.0)
"""How long a stream is away."""

RAISED_WITHIN_S = 15.0
_N_BEDS = 5
_NO_LSL = "mne-lsl is not installed"


@dataclass
class LiveBed:
    """A bed on a stream of its own, and what the store says about it.

    Parameters
    ----------
    name : str
        Of the bed and its stream.
    store : Store
        Which the monitor writes.
    monitor : subprocess.Popen
        Which watches.
    rng : numpy.random.Generator
        Of the moments.
    sender : Sender
        Of the stream.
    """

    name: str
    store: Store
    monitor: "subprocess.Popen[str]"
    rng: np.random.Generator
    sender: Sender
    row: Row = field(default_factory=Row)
    raised: list[datetime] = field(default_factory=list)

    def state(self) -> BedState | None:
        """Tell what the monitor says; None before it said anything."""
        signs = [bed.heartbeat for bed in present_beds(self.store) if bed.name == self.name]
        return signs[0].state if signs and signs[0] is not None else None

    def alarms(self) -> list[datetime]:
        """When the alarms in the store were raised."""
        return sorted(alarm.raised_at for alarm in alarms_between(self.store, bed=self.name))

    def expect(self, what: Callable[[], bool], *, most_s: float = LONGEST_S) -> None:
        """Wait until something holds; that it never did is counted."""
        until_s = time.monotonic() + most_s
        while not what():
            if time.monotonic() > until_s or self.monitor.poll() is not None:
                self.row.wrong += 1
                return
            time.sleep(0.1)

    def become_calm(self) -> None:
        """Send quiet EEG until the monitor says calm."""
        self.sender.say("normal")
        self.expect(lambda: self.state() is BedState.CALM)

    def raise_alarm(self) -> None:
        """Send loud EEG until there is an alarm, which must say that it was raised just now."""
        n_before = len(self.alarms())
        self.sender.say("loud")
        self.expect(lambda: len(self.alarms()) > n_before)
        self.raised += self.alarms()[n_before:]
        ago = datetime.now(UTC) - self.raised[-1] if self.raised else timedelta.max
        self.row.wrong += abs(ago) > timedelta(seconds=RAISED_WITHIN_S)


def lose_stream(bed: LiveBed, *, otherwise: bool = False) -> None:
    """Kill the sender and let it come back under its name; ``otherwise`` with another rate or order of channels."""
    bed.sender.kill()
    lost_at = datetime.now(UTC)
    gap_s = bed.rng.uniform(*GAP_S)
    was_quiet = False
    while (age_s := (datetime.now(UTC) - lost_at).total_seconds()) < gap_s:
        was_quiet |= age_s > SEEN_WITHIN_S and bed.state() not in (BedState.FAULT, BedState.ALARM)
        time.sleep(0.1)
    labels, sfreq = list(ELECTRODES), 128.0
    if otherwise:
        bed.rng.shuffle(labels)
        sfreq = float(bed.rng.choice([128, 200, 256]))
    back_at = datetime.now(UTC)
    bed.sender = start_sender(bed.name, sfreq=sfreq, labels=labels)
    bed.become_calm()
    from_at = lost_at + timedelta(seconds=LATE_S)
    judged = [row for row in levels_between(bed.store, bed.name, from_at, back_at) if row.level is not None]
    faults = faults_between(bed.store, bed.name, from_at, back_at)
    covered = any(row.start_at <= from_at and (row.end_at or back_at) >= back_at for row in faults)
    bed.row.wrong += was_quiet or bool(judged) or (back_at > from_at and not covered)


def jump_clock(bed: LiveBed) -> None:
    """Let the sender's stamps jump by seconds or minutes, forward or back: what spans the jump must not be judged."""
    at = datetime.now(UTC)
    most_s = bed.rng.choice([2, 300])
    bed.sender.say(f"jump {bed.rng.uniform(0.2, most_s) * bed.rng.choice([-1, 1])}")
    ahead = timedelta(minutes=1)
    bed.expect(lambda: any(row.level is None for row in levels_between(bed.store, bed.name, at, at + ahead)), most_s=20)


def streams_row(ward: Ward, fault: Callable[[LiveBed], None]) -> Row:
    """Watch beds on live streams with one monitor, try a fault on each, and give what came of all."""
    if importlib.util.find_spec("mne_lsl") is None:
        return Row(skipped=_NO_LSL)
    place, beds = ward.new_place(), ward.folder / f"beds-{ward.number}.toml"
    names = [new_name() for _ in range(min(_N_BEDS, ward.n_times))]
    beds.write_text("".join(f'["{name}"]\nsource = "lsl:{name}"\n' for name in names))
    store = open_store(place)
    senders = [start_sender(name) for name in names]
    monitor = start(
        "eegwarn.cli", "monitor", ward.model, "--beds", beds, "--store", place, "--set", "signal.notch_hz=0"
    )
    live = [
        LiveBed(name, store, monitor, rng, sender)
        for name, rng, sender in zip(names, ward.rng.spawn(len(names)), senders, strict=True)
    ]
    try:
        with ThreadPoolExecutor(len(live)) as threads:
            list(threads.map(partial(_try, fault=fault, n_times=ward.n_times // len(live)), live))
    finally:
        for bed in live:
            bed.sender.kill()
        monitor.terminate()
    row = Row()
    row.ended(monitor, 0)
    for bed in live:
        bed.row.compare(Counter(bed.raised), Counter(bed.alarms()))
        row += bed.row
    store.close()
    return row


def _try(bed: LiveBed, *, fault: Callable[[LiveBed], None], n_times: int) -> None:
    for _ in range(n_times):
        bed.become_calm()
        bed.raise_alarm()
        if bed.rng.random() < 0.5:
            bed.sender.say("normal")
        time.sleep(bed.rng.uniform(0, 8))
        fault(bed)
        bed.row.tries += 1
        time.sleep(bed.rng.uniform(0, 4))
    bed.become_calm()


STREAM_FAULTS: dict[str, Fault] = {
    "stream lost": lambda ward, _: streams_row(ward, lose_stream),
    "stream back at another rate or order": lambda ward, _: streams_row(ward, partial(lose_stream, otherwise=True)),
    "stream, clock jumps": lambda ward, _: streams_row(ward, jump_clock),
}
