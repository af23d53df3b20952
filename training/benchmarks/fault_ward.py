"""What `training.benchmarks.faults` is tried on, and the row in which what came of it is counted."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine, make_url, select, text

from eegwarn.store import open_store
from eegwarn.store.schema import alarms
from training.benchmarks.postgres import Server, missing, running_server

LONGEST_S = 120.0
"""What is not done by then hangs."""

SOONEST_S = 0.3
"""Nothing of ours has begun before."""

Alarms = list[tuple[str, str]]


@dataclass
class Row:
    """What came of a fault.

    Parameters
    ----------
    tries : int
        How often it was provoked.
    kept : int
        Labels or alarms that had to survive.
    lost, doubled : int
        Of them.
    tracebacks, hangs : int
        Of the processes.
    wrong : int
        Times at which a process did not end, or did not speak, as it should.
    """

    tries: int = 0
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    tracebacks: int = 0
    hangs: int = 0
    wrong: int = 0
    skipped: str = ""

    def __add__(self, other: "Row") -> "Row":
        """Count together what came of two tries."""
        return Row(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def ended(self, process: "subprocess.Popen[str]", *codes: int) -> str:
        """Wait for a process, count how it ended, and give what it said on standard error."""
        try:
            _, said = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
            self.hangs += 1
        self.tracebacks += "Traceback" in said
        self.wrong += process.returncode not in codes
        return said

    def compare(self, expected: "Counter[object]", found: "Counter[object]") -> None:
        """Count what is missing of what had to survive, and what is there too often."""
        self.kept += expected.total()
        self.lost += (expected - found).total()
        self.doubled += (found - expected).total()


@dataclass
class Ward:
    """What every fault is tried on: a folder, a model, a recording, and the alarms of an unbroken run."""

    folder: Path
    rng: np.random.Generator
    n_times: int
    expected: Alarms = field(default_factory=list)
    number: int = 0

    @property
    def model(self) -> Path:
        """Calls loud EEG a seizure."""
        return self.folder / "model.eegwarn"

    @property
    def night(self) -> Path:
        """Twenty minutes with nine loud stretches."""
        return self.folder / "night.edf"

    @property
    def cohort(self) -> Path:
        """A few patients to train on; written by who needs them."""
        return self.folder / "cohort"

    def new_place(self) -> Path:
        """Give the path of a store that is not there yet."""
        self.number += 1
        return self.folder / f"store-{self.number}.db"

    def monitor(self, place: str | Path, speed: float) -> "subprocess.Popen[str]":
        """Begin to watch the recording as the bed of a store."""
        options = ("--source", self.night, "--bed", "bed 1", "--speed", speed, "--store", place)
        return start("eegwarn.cli", "monitor", self.model, *options)

    def check_alarms(self, row: Row, place: str | Path) -> None:
        """Watch the recording to its end, and compare the store's alarms with those of an unbroken run."""
        row.ended(self.monitor(place, 0), 0)
        row.compare(Counter(self.expected), Counter(stored_alarms(place)))


def start(module: str, *arguments: object, **environment: object) -> "subprocess.Popen[str]":
    """Start a module of ours as a process."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
    )


def run_whole(row: Row, *command: object, **environment: object) -> float:
    """Run a command of ours to its end, which must be a good one, and tell how long that took, in s."""
    begin_s = time.monotonic()
    row.ended(start("eegwarn.cli", *command, **environment), 0)
    return time.monotonic() - begin_s


def break_off(ward: Ward, row: Row, *command: object, longest_s: float, **environment: object) -> None:
    """End a command of ours at a random moment of its first ``longest_s`` seconds, by kill -9 or by SIGTERM."""
    by = signal.SIGKILL if ward.rng.random() < 0.5 else signal.SIGTERM
    running = start("eegwarn.cli", *command, **environment)
    time.sleep(ward.rng.uniform(SOONEST_S, max(SOONEST_S, longest_s)))
    running.send_signal(by)
    row.tries += 1
    row.ended(running, -by, 0)


def stored_alarms(place: str | Path) -> Alarms:
    """Give the alarms of a store, each by when it was raised and when it was cleared."""
    store = open_store(place)
    with store.reading() as connection:
        rows = connection.execute(select(alarms.c.raised_at, alarms.c.cleared_at)).all()
    store.close()
    return [(str(raised_at), str(cleared_at)) for raised_at, cleared_at in rows]


@contextmanager
def server_if_any() -> Iterator[Server | None]:
    """Run a PostgreSQL server for as long as this lasts; None where it cannot be had."""
    if missing():
        yield None
        return
    with running_server() as server:
        yield server


def new_database(server: Server, name: str) -> str:
    """Make an empty database, and give its URL."""
    url = make_url(server.url)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine.dispose()
    return url.set(database=name).render_as_string()


Fault = Callable[[Ward, Server | None], Row]


def on_server(fault: Callable[[Ward, str], Row], name: str) -> Fault:
    """Give the fault that provokes one in a new database of the server; where there is none, its row says why."""

    def provoke(ward: Ward, server: Server | None) -> Row:
        return Row(skipped=missing() or "") if server is None else fault(ward, new_database(server, name))

    return provoke
