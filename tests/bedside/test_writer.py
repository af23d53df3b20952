"""No row is lost while the store is away, and nobody waits for it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from eegwarn.bedside import writer as writer_module
from eegwarn.bedside.log import AlarmRow, BedState, FaultRow, Heartbeat, LevelRow
from eegwarn.bedside.writer import LogWriter

from .logs import MemoryLog

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "WRITE_EVERY_S", 0.05)
    monkeypatch.setattr(writer_module, "_BACK_OFF_S", (0.05,))


def rows(n: int, *, first: int = 0) -> list[LevelRow]:
    return [LevelRow(START + timedelta(seconds=first + number), number / 10_000) for number in range(n)]


def wait_for(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.01)


@pytest.fixture
def made() -> Iterator[tuple[LogWriter, MemoryLog, list[str]]]:
    log, told = MemoryLog(), []
    writer = LogWriter({"bed 1": lambda: log}, lambda _, sentence: told.append(sentence))
    yield writer, log, told
    log.why_away = ""
    writer.close()


def test_what_waits_while_the_store_is_away_is_written_later(made: tuple[LogWriter, MemoryLog, list[str]]) -> None:
    writer, log, told = made
    log.why_away = "The store 'x' cannot be used: another program has locked it. Try again."
    alarm = AlarmRow(START, None, 0.7)
    levels = rows(5000)
    begin_s = time.monotonic()
    writer.add("bed 1", levels=levels, alarms=[alarm], urgent=True)
    # Whoever waited for the store would wait for as long as it is away.
    assert time.monotonic() - begin_s < 2
    wait_for(lambda: log.n_refused >= 2)
    assert writer.trouble == log.why_away
    writer.add("bed 1", levels=rows(100, first=5000), alarms=[AlarmRow(START, START + timedelta(seconds=9), 0.9)])
    log.why_away = ""
    wait_for(lambda: len(log.levels) == 5100)
    assert log.alarms == {START: AlarmRow(START, START + timedelta(seconds=9), 0.9)}
    wait_for(lambda: len(told) == 3)
    assert "locked it" in told[0]
    assert "The alarm raised at 2024-01-01 00:00:00 is not in the store yet" in told[1]
    assert "nothing is missing" in told[2]
    assert writer.close() == 0


def test_an_alarm_that_is_not_stored_is_said_so_once(made: tuple[LogWriter, MemoryLog, list[str]]) -> None:
    writer, log, told = made
    log.why_away = "The store is full."
    writer.add("bed 1", levels=rows(1), urgent=True)
    wait_for(lambda: len(told) == 1)
    writer.add("bed 1", alarms=[AlarmRow(START, None, 0.7)], urgent=True)
    wait_for(lambda: len(told) == 2)
    assert told[1] == "The alarm raised at 2024-01-01 00:00:00 is not in the store yet: The store is full."
    n_refused = log.n_refused
    wait_for(lambda: log.n_refused > n_refused + 1)
    assert len(told) == 2
    log.why_away = ""
    wait_for(lambda: len(told) == 3)
    assert "nothing is missing" in told[2]


def test_what_waits_is_bounded_and_what_is_lost_is_counted(
    made: tuple[LogWriter, MemoryLog, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MOST_LEVELS", 100)
    monkeypatch.setattr(writer_module, "MOST_SPELLS", 10)
    writer, log, told = made
    log.why_away = "The store is full."
    writer.add("bed 1", levels=rows(1), urgent=True)
    wait_for(lambda: log.n_refused > 0)
    writer.add("bed 1", levels=rows(250, first=1))
    writer.add("bed 1", faults=[FaultRow(START + timedelta(seconds=n), None, "flat") for n in range(15)])
    log.why_away = ""
    wait_for(lambda: len(log.faults) == 10)
    assert min(log.levels) == START + timedelta(seconds=151)
    assert min(log.faults) == START + timedelta(seconds=5)
    wait_for(lambda: len(told) == 2)
    assert "are lost" in told[-1]
    assert writer.close() == 151 + 5


def test_the_end_writes_what_waits_or_says_how_much_is_lost() -> None:
    log = MemoryLog()
    writer = LogWriter({"bed 1": lambda: log}, lambda *_: None)
    writer.add("bed 1", levels=rows(7))
    assert writer.close() == 0
    assert len(log.levels) == 7
    log.why_away = "The store is away."
    writer = LogWriter({"bed 1": lambda: log}, lambda *_: None)
    writer.add("bed 1", levels=rows(7, first=10), faults=[FaultRow(START, None, "flat")])
    assert writer.close(wait_s=0.3) == 8
    log.why_away = ""


def test_the_latest_sign_of_life_is_written_once() -> None:
    log = MemoryLog()
    writer = LogWriter({"bed 1": lambda: log}, lambda *_: None)
    beats = [Heartbeat(START + timedelta(seconds=n), BedState.CALM, 0.1, START) for n in range(3)]
    log.why_away = "away"
    for beat in beats:
        writer.add("bed 1", heartbeat=beat, urgent=True)
    wait_for(lambda: log.n_refused > 0)
    log.why_away = ""
    assert writer.close() == 0
    assert log.heartbeats == [beats[-1]]
