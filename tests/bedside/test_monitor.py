"""One bed: what is written and told is what offline scoring gives, and every fault shows as one."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from eegwarn.bedside import Bundle, score_recording
from eegwarn.bedside.diary import Told
from eegwarn.bedside.live import LISTENING
from eegwarn.bedside.log import AlarmRow, BedState, FaultRow
from eegwarn.bedside.monitor import GO_ON_S, Monitor, watch
from eegwarn.bedside.runtime import Runtime
from eegwarn.bedside.writer import LogWriter
from eegwarn.errors import MontageError
from eegwarn.signal.recording import UNKNOWN_START, Recording
from eegwarn.signal.stream import Layout, Replay, Source, Stretch

from .conftest import loud_stretch, make_recording
from .logs import MemoryLog
from .test_live import eventful

START = datetime(2024, 3, 1, 4, tzinfo=UTC)


class Bed:
    """A monitor with its log and all that it told."""

    def __init__(self, bundle: Bundle, source: Source, *, log: MemoryLog | None = None, goes_on: bool = False) -> None:
        self.log = log or MemoryLog()
        self.told: list[Told] = []
        self.writer = LogWriter({"bed 1": lambda: self.log}, lambda *_: None)
        config = replace(bundle.config, signal=replace(bundle.config.signal, notch_hz=50))
        runtime = Runtime(bundle)
        self.monitor = Monitor("bed 1", source, config, runtime, self.writer, self.told.append, goes_on=goes_on)

    def states(self) -> list[BedState]:
        return [each.state for each in self.told if each.what == "state"]


class Given:
    """A source that gives what a test puts into it."""

    def __init__(self, *stretches: Stretch) -> None:
        self.stretches = list(stretches)

    def read(self, _: float) -> Stretch | None:
        return self.stretches.pop(0) if self.stretches else None

    def close(self) -> None:
        pass


class InChunks(Replay):
    """A replay that is cut at random."""

    def read(self, wait_s: float) -> Stretch | None:
        whole = self._recording
        if self._n_read >= whole.n_times:
            return None
        start, self._n_read = self._n_read, min(whole.n_times, self._n_read + int(self.rng.integers(1, 9000)))
        return Stretch(self._layout, whole.read_uv(start, self._n_read))

    rng = np.random.default_rng(3)


@pytest.mark.parametrize("kind", [Replay, InChunks])
def test_a_played_file_gives_what_scoring_it_gives(bundle: Bundle, kind: type[Replay]) -> None:
    recording = replace(eventful(256.0, mains_uv=20), start=START)
    scored = score_recording(bundle, recording)
    assert scored.alarms
    assert len(scored.faults) >= 2
    bed = Bed(bundle, kind(recording, bundle.config.signal, speed=0))
    assert watch([bed.monitor], threading.Event()) == {}
    assert bed.writer.close() == 0
    seconds = [(at - START).total_seconds() for at in bed.log.levels]
    levels = np.array([np.nan if level is None else level for level in bed.log.levels.values()])
    np.testing.assert_allclose(seconds, scored.time_s, atol=1e-3)
    np.testing.assert_array_equal(levels, scored.probability)
    alarms = [
        ((row.raised_at - START).total_seconds(), row.cleared_at and (row.cleared_at - START).total_seconds())
        for row in bed.log.alarms.values()
    ]
    assert alarms == [(alarm.raised_s, alarm.cleared_s) for alarm in scored.alarms]
    faults = [(row.start_at - START).total_seconds() for row in bed.log.faults.values()]
    assert faults == [fault.start_s for fault in scored.faults]
    assert all(row.end_at for row in bed.log.faults.values())
    assert bed.states()[0] is BedState.FAULT
    assert {BedState.CALM, BedState.ALARM, BedState.FAULT} <= set(bed.states())
    told = [each for each in bed.told if each.what == "alarm" and each.alarm is not None]
    assert [each.alarm.cleared_at is not None for each in told if each.alarm] == [False, True]
    assert [each.what for each in bed.told][-1] == "end"
    last = bed.log.heartbeats[-1]
    assert last.recording_has_ended
    assert (last.state, last.level) == (BedState.FAULT, None)


def test_playing_a_file_again_writes_the_same_rows(bundle: Bundle) -> None:
    recording, log = eventful(256.0), MemoryLog()
    for _ in range(2):
        bed = Bed(bundle, Replay(recording, bundle.config.signal, speed=0), log=log)
        watch([bed.monitor], threading.Event())
        bed.writer.close()
    assert len(log.alarms) == len(score_recording(bundle, recording).alarms)
    assert min(log.levels) == UNKNOWN_START + timedelta(seconds=4)


def stretches_of(recording: Recording, start: datetime, *, chunk_s: float = 1.0) -> list[Stretch]:
    layout = Layout(recording.channels, recording.sfreq, start, 0)
    return [Stretch(layout, block_uv) for block_uv in recording.blocks_uv(chunk_s)]


@pytest.fixture
def calm(bundle: Bundle) -> Iterator[tuple[Bed, Layout]]:
    """A bed that has been calm for 20 s."""
    stretches = stretches_of(make_recording(loud_stretch(duration_s=20, start_s=0, stop_s=0)), START)
    bed = Bed(bundle, Given(), goes_on=True)
    for stretch in stretches:
        bed.monitor.take(stretch)
    assert bed.monitor.diary.state is BedState.CALM
    layout = stretches[0].layout
    assert layout is not None
    yield bed, layout
    bed.writer.close()


def test_a_calm_bed_whose_monitor_is_stopped_is_not_left_calm(calm: tuple[Bed, Layout]) -> None:
    bed, _ = calm
    stop = threading.Event()
    stop.set()
    bed.monitor.run(stop)
    bed.writer.close()
    last = bed.log.heartbeats[-1]
    assert (last.state, last.level, last.reason) == (BedState.FAULT, None, "stopped")
    assert not last.recording_has_ended


def noise(n_seconds: float, *, seed: int = 1) -> np.ndarray:
    return (15 * np.random.default_rng(seed).standard_normal((18, round(n_seconds * 256)))).astype(np.float32)


def test_silence_is_a_fault_from_the_latest_sample_on_and_one_fault_only(calm: tuple[Bed, Layout]) -> None:
    bed, layout = calm
    nothing = np.empty((18, 0), dtype=np.float32)
    bed.monitor.take(Stretch(layout, nothing, trouble="stalled: no samples for 3 s"))
    assert bed.monitor.diary.state is BedState.FAULT
    for _ in range(10):
        bed.monitor.take(Stretch(layout, np.full((18, 256), np.nan, np.float32), trouble="stalled"))
        assert bed.monitor.diary.state is BedState.FAULT
    for seed in range(12):
        bed.monitor.take(Stretch(layout, noise(1, seed=seed)))
    assert bed.monitor.diary.state is BedState.CALM
    assert bed.writer.close() == 0
    first, silence = sorted(bed.log.faults.values(), key=lambda row: row.start_at)
    assert first.start_at < START + timedelta(seconds=10)
    assert silence.start_at == START + timedelta(seconds=20)
    assert silence.reason == "stalled: no samples for 3 s"
    assert silence.end_at is not None
    assert silence.end_at >= START + timedelta(seconds=30)
    hops = [(at - START).total_seconds() for at in bed.log.levels]
    np.testing.assert_allclose(np.diff(hops), 1.0)
    assert all(bed.log.levels[START + timedelta(seconds=second)] is None for second in range(23, 31))


def test_a_short_silence_is_written_too(calm: tuple[Bed, Layout]) -> None:
    bed, layout = calm
    bed.monitor.take(Stretch(layout, np.empty((18, 0), np.float32), trouble="stalled: no samples for 3 s"))
    bed.monitor.take(Stretch(layout, noise(3)))
    assert bed.monitor.diary.state is BedState.CALM
    bed.writer.close()
    assert bed.log.faults[START + timedelta(seconds=20)].end_at == START + timedelta(seconds=23)


@pytest.mark.parametrize("value", [np.nan, 4.0])
def test_nan_and_flat_lines_are_a_fault_with_its_reason(calm: tuple[Bed, Layout], value: float) -> None:
    bed, layout = calm
    bed.monitor.take(Stretch(layout, np.full((18, 256 * 8), value, dtype=np.float32)))
    assert bed.monitor.diary.state is BedState.FAULT
    assert bed.monitor.diary.reason == ("no samples" if np.isnan(value) else "flat")


def test_a_new_rate_is_a_fault_until_its_windows_are_judged(calm: tuple[Bed, Layout]) -> None:
    bed, layout = calm
    other = replace(layout, sfreq=512.0, start=START + timedelta(seconds=22.3))
    states = []
    for second in range(15):
        bed.monitor.take(Stretch(other, np.repeat(noise(1, seed=second), 2, axis=1)))
        states.append(bed.monitor.diary.state)
    assert BedState.FAULT in states
    assert states[-1] is BedState.CALM
    bed.writer.close()
    hops = np.array([(at - START).total_seconds() for at in bed.log.levels])
    assert np.diff(hops).min() > 0
    assert np.diff(hops).max() < 1.5
    assert hops[-1] == pytest.approx(22.3 + 15, abs=1.1)


def test_channels_that_cannot_be_used_are_a_fault_of_a_stream_and_an_error_of_a_file(bundle: Bundle) -> None:
    few = make_recording(noise(5)[:2], labels=("FP1-F7", "F7-T7"))
    bed = Bed(bundle, Given(*stretches_of(few, START)), goes_on=True)
    assert watch([bed.monitor], threading.Event()) == {}
    assert BedState.FAULT in bed.states()
    assert "derivations cannot be formed" in bed.monitor.diary.reason
    bed.writer.close()
    bed = Bed(bundle, Replay(few, bundle.config.signal, speed=0))
    assert isinstance(watch([bed.monitor], threading.Event())["bed 1"], MontageError)
    bed.writer.close()


def in_alarm(bundle: Bundle, log: MemoryLog, start: datetime, *, loud_until_s: float = 40) -> Bed:
    """Begin at ``start``, in the middle of a seizure, and end without a word 20 s later."""
    recording = make_recording(loud_stretch(duration_s=40, start_s=0, stop_s=loud_until_s))
    bed = Bed(bundle, Given(), log=log, goes_on=True)
    for stretch in stretches_of(recording, start)[:20]:
        bed.monitor.take(stretch)
    bed.writer.close()
    return bed


def test_an_alarm_that_is_on_is_gone_on_with_by_the_next_monitor(bundle: Bundle) -> None:
    log = MemoryLog()
    in_alarm(bundle, log, START)
    (raised_at,) = log.alarms
    again = in_alarm(bundle, log, START + timedelta(seconds=60))
    assert list(log.alarms) == [raised_at]
    assert log.alarms[raised_at].cleared_at is None
    assert again.states()[0] is BedState.ALARM
    assert again.monitor.diary.state is BedState.ALARM
    in_alarm(bundle, log, START + timedelta(seconds=120), loud_until_s=0)
    assert list(log.alarms) == [raised_at]
    assert START + timedelta(seconds=120) < (log.alarms[raised_at].cleared_at or START)


def test_an_alarm_of_long_ago_is_over_and_the_next_is_another(bundle: Bundle) -> None:
    log = MemoryLog()
    log.alarms[START] = AlarmRow(START, None, 0.9)
    later = START + timedelta(seconds=GO_ON_S + 60)
    in_alarm(bundle, log, later)
    assert log.alarms[START].cleared_at == later
    assert len(log.alarms) == 2


def test_the_refractory_time_outlives_the_monitor(bundle: Bundle) -> None:
    log = MemoryLog()
    log.alarms[START] = AlarmRow(START, START + timedelta(seconds=30), 0.9)
    bed = in_alarm(bundle, log, START + timedelta(seconds=40))
    assert len(log.alarms) == 1
    assert bed.monitor.diary.state is BedState.ELEVATED


def faults_after_a_kill(bundle: Bundle, *stretches: Stretch) -> list[FaultRow]:
    """Watch the bed of a monitor that was killed in a fault, and give its faults in order."""
    log = MemoryLog()
    log.faults[START] = FaultRow(START, None, "stalled")
    bed = Bed(bundle, Given(*stretches), log=log, goes_on=True)
    bed.monitor.run(threading.Event())
    assert bed.writer.close() == 0
    return sorted(log.faults.values(), key=lambda row: row.start_at)


def test_a_fault_in_which_a_monitor_was_killed_lasts_until_a_window_is_judged(bundle: Bundle) -> None:
    later = START + timedelta(seconds=100)
    silent = Stretch(None, np.empty((0, 0), np.float32), trouble="no stream of that name")
    (row,) = faults_after_a_kill(bundle, silent, *stretches_of(make_recording(noise(20)), later))
    assert (row.start_at, row.reason) == (START, "stalled")
    assert row.end_at is not None
    assert later < row.end_at < later + timedelta(seconds=10)


def test_a_fault_that_persists_after_a_kill_stays_one(bundle: Bundle) -> None:
    later = START + timedelta(seconds=100)
    flat = make_recording(np.full((18, 256 * 12), 4.0))
    (row,) = faults_after_a_kill(bundle, *stretches_of(flat, later))
    assert (row.start_at, row.end_at) == (START, later + timedelta(seconds=12))


def test_an_alarm_outlives_a_silence_and_says_so(bundle: Bundle) -> None:
    log = MemoryLog()
    recording = make_recording(loud_stretch(duration_s=20, start_s=0, stop_s=20))
    bed = Bed(bundle, Given(), log=log, goes_on=True)
    stretches = stretches_of(recording, START)
    for stretch in stretches:
        bed.monitor.take(stretch)
    for _ in range(10):
        bed.monitor.take(Stretch(stretches[0].layout, np.full((18, 256), np.nan, np.float32), trouble="stalled"))
    assert (bed.monitor.diary.state, bed.monitor.diary.reason) == (BedState.ALARM, "stalled")
    bed.monitor.run(threading.Event())
    bed.writer.close()
    assert [row.cleared_at for row in log.alarms.values()] == [None]
    assert all(row.end_at for row in log.faults.values())


def test_a_store_that_is_away_from_the_start_does_not_keep_a_bed_unwatched(bundle: Bundle) -> None:
    log = MemoryLog()
    log.why_away = "The store cannot be used: its server is away."
    stretches = stretches_of(make_recording(loud_stretch(duration_s=30, start_s=10, stop_s=25)), START)
    bed = Bed(bundle, Given(*stretches), log=log, goes_on=True)
    assert watch([bed.monitor], threading.Event()) == {}
    assert BedState.ALARM in bed.states()
    assert any(each.what == "note" and "cannot be gone on with" in each.reason for each in bed.told)
    log.why_away = ""
    assert bed.writer.close() == 0
    assert len(log.levels) == 27


def test_a_stream_whose_mains_are_looked_for_is_at_fault_until_then(bundle: Bundle) -> None:
    recording = make_recording(loud_stretch(duration_s=70, start_s=30, stop_s=50))
    layout = Layout(recording.channels, recording.sfreq, START, None)
    told: list[Told] = []
    log = MemoryLog()
    writer = LogWriter({"bed 1": lambda: log}, lambda *_: None)
    source = Given(*(Stretch(layout, block_uv) for block_uv in recording.blocks_uv(1.0)))
    monitor = Monitor("bed 1", source, bundle.config, Runtime(bundle), writer, told.append, goes_on=True)
    for stretch in source.stretches[:59]:
        monitor.take(stretch)
    assert (monitor.diary.state, monitor.diary.reason) == (BedState.FAULT, LISTENING)
    for stretch in source.stretches[59:]:
        monitor.take(stretch)
    writer.close()
    scored = score_recording(bundle, recording)
    assert [row.raised_at for row in log.alarms.values()] == [
        START + timedelta(seconds=alarm.raised_s) for alarm in scored.alarms
    ]
    assert scored.alarms
