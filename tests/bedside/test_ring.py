"""The file of a bed's last minutes: what is read from it was written so, whatever happens to who writes it."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eegwarn.bedside import Bundle
from eegwarn.bedside.keeper import Keeper
from eegwarn.bedside.monitor import Monitor, watch
from eegwarn.bedside.recent import RecentEeg, read_ring
from eegwarn.bedside.ring import HEADER, N_SECONDS, SCALE_UV, Ring, remove_old
from eegwarn.bedside.runtime import Runtime
from eegwarn.bedside.writer import LogWriter
from eegwarn.errors import RecordingError
from eegwarn.signal.chain import Processed, process
from eegwarn.signal.quality import Quality
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.signal.stream import Replay

from .conftest import loud_stretch, make_recording
from .logs import MemoryLog

SFREQ = 128.0
BED = "bed 1"
AT_S = 1.7e9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "one.ring"


def noise(n_seconds: float, *, seed: int = 0) -> Processed:
    rng = np.random.default_rng(seed)
    data = (40 * rng.standard_normal((18, round(n_seconds * SFREQ)))).astype(np.float32)
    return Processed(data, rng.integers(0, 4, data.shape, dtype=np.uint8))


def write(path: Path, *parts: tuple[float, Processed], goes_on: bool = False) -> None:
    ring = Ring(path, BED, SFREQ, goes_on=goes_on)
    for at_s, processed in parts:
        ring.append(at_s, processed)
    ring.close()


def read(path: Path) -> RecentEeg:
    recent = read_ring(path, BED)
    assert recent is not None
    return recent


def test_any_split_into_blocks_reads_as_it_was_written(path: Path) -> None:
    written, rng = noise(30), np.random.default_rng(1)
    borders = np.sort(rng.choice(written.data.shape[1], 40, replace=False))
    blocks = zip(
        np.split(written.data, borders, axis=1), np.split(written.quality, borders, axis=1), [0, *borders], strict=True
    )
    write(path, *((AT_S + begin / SFREQ, Processed(data, quality)) for data, quality, begin in blocks))
    recent = read(path)
    np.testing.assert_allclose(recent.data * SCALE_UV, written.data, atol=SCALE_UV / 2 + 1e-4)
    np.testing.assert_array_equal(recent.quality, written.quality)
    assert (recent.start_s, recent.sfreq, recent.end_s) == (AT_S, SFREQ, AT_S + 30)
    assert abs(recent.written_s - time.time()) < 60


def test_ring_holds_the_latest_ten_minutes_in_a_file_that_does_not_grow(path: Path) -> None:
    write(path, (AT_S, noise(1)))
    size = path.stat().st_size
    whole = noise(N_SECONDS + 77)
    write(path, (AT_S, whole))
    assert path.stat().st_size == size
    recent = read(path)
    assert (recent.start_s, recent.end_s) == (AT_S + 77, AT_S + 77 + N_SECONDS)
    np.testing.assert_array_equal(recent.quality, whole.quality[:, round(77 * SFREQ) :])


def test_what_was_not_written_is_a_gap_of_its_length(path: Path) -> None:
    write(path, (AT_S, noise(5)), (AT_S + 5 + 7.5, noise(3)))
    recent = read(path)
    is_gap = (recent.quality & Quality.GAP.value) != 0
    expected = np.zeros(round(15.5 * SFREQ), dtype=bool)
    expected[round(5 * SFREQ) : round(12.5 * SFREQ)] = True
    np.testing.assert_array_equal(is_gap, np.broadcast_to(expected, is_gap.shape))
    assert not recent.data[is_gap].any()


def test_drift_of_a_clock_is_no_gap_and_the_latest_second_lies_right(path: Path) -> None:
    write(path, *((AT_S + 1.0002 * second, noise(1)) for second in range(100)))
    recent = read(path)
    assert not (recent.quality & Quality.GAP.value).any()
    assert recent.end_s == pytest.approx(AT_S + 1.0002 * 99 + 1, abs=1e-4)


def test_a_second_that_is_not_whole_is_shown_as_a_gap(path: Path) -> None:
    write(path, (AT_S, noise(6)))
    content = bytearray(path.read_bytes())
    second = (len(content) - HEADER.itemsize) // N_SECONDS
    content[HEADER.itemsize + 3 * second + 3000] ^= 1  # the third second has number 3
    path.write_bytes(content)
    is_gap = (read(path).quality & Quality.GAP.value) != 0
    np.testing.assert_array_equal(is_gap.all(axis=0).reshape(6, -1).mean(axis=1), [0, 0, 1, 0, 0, 0])


def test_a_recording_played_again_leaves_nothing_of_before_and_a_stream_goes_on(path: Path) -> None:
    write(path, (AT_S, noise(60)))
    write(path, (AT_S + 10, noise(5)))
    assert (read(path).start_s, read(path).end_s) == (AT_S + 10, AT_S + 15)
    write(path, (AT_S + 20, noise(5)), goes_on=True)
    assert (read(path).start_s, read(path).end_s) == (AT_S + 10, AT_S + 25)
    write(path, (AT_S + 12, noise(1)), goes_on=True)  # a clock that was set back
    assert (read(path).start_s, read(path).end_s) == (AT_S + 10, AT_S + 13)


def test_nobody_else_may_read_it_and_it_names_no_bed(path: Path) -> None:
    write(path, (AT_S, noise(2)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert BED.encode() not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_one_monitor_writes_and_another_is_refused(path: Path) -> None:
    first = Ring(path, BED, SFREQ, goes_on=False)
    with pytest.raises(OSError, match="another monitor"):
        Ring(path, BED, SFREQ, goes_on=False)
    first.append(AT_S, noise(2))
    assert read(path).end_s == AT_S + 2
    first.close()


@pytest.mark.parametrize("damage", [b"This is a text.", b"EEGRING1" + b"\xff" * 5000])
def test_file_that_is_none_of_this_bed_is_refused_in_a_line(path: Path, damage: bytes) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_ring(path, BED)
    ring = Ring(path, BED, SFREQ, goes_on=False)
    assert read_ring(path, BED) is None
    ring.close()
    with pytest.raises(RecordingError, match="that of another bed"):
        read_ring(path, "bed 2")
    cut = path.read_bytes()[:-1]
    for content in (cut, damage):
        path.write_bytes(content)
        with pytest.raises(RecordingError) as caught:
            read_ring(path, BED)
        assert "\n" not in str(caught.value)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from eegwarn.bedside.ring import SCALE_UV, Ring
from eegwarn.signal.chain import Processed

ring, number = Ring(Path(sys.argv[1]), "bed 1", 128.0, goes_on=True), 0
while True:
    number += 1
    data = np.full((18, 128), SCALE_UV * (number % 30000), dtype=np.float32)
    ring.append(1.7e9 + number, Processed(data, np.full(data.shape, number % 32, dtype=np.uint8)))
    if number == 700:
        print("lapped", flush=True)
"""


def test_no_second_is_torn_while_a_process_writes_and_none_after_it_was_killed(path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "lapped\n"
        ends_s = []
        for turn in range(40):
            if turn == 39:
                writer.send_signal(signal.SIGKILL)
                writer.wait()
            recent = read(path)
            seconds = recent.data.reshape(18, -1, 128)
            number = np.rint(recent.start_s - 1.7e9 + np.arange(seconds.shape[1])).astype(int)
            there = ~(recent.quality.reshape(seconds.shape) & Quality.GAP.value).any(axis=(0, 2))
            # This writer is thousands of times as fast as EEG: it may overtake who reads, and leave gaps, never a lie.
            assert there.sum() >= (N_SECONDS - 1 if turn == 39 else 1)
            expected = np.broadcast_to((number % 30000)[None, there, None], seconds[:, there].shape)
            np.testing.assert_array_equal(seconds[:, there], expected)
            flags = recent.quality.reshape(seconds.shape)[:, there]
            np.testing.assert_array_equal(flags, np.broadcast_to((number % 32)[None, there, None], flags.shape))
            ends_s.append(recent.end_s)
        assert ends_s[-1] > ends_s[0] + N_SECONDS / 10
    finally:
        writer.kill()
        writer.communicate()
    write(path, (recent.end_s + 100, noise(1)), goes_on=True)
    assert read(path).end_s == recent.end_s + 101


def test_a_monitor_keeps_what_the_model_saw_at_the_time_it_was_taken(path: Path, bundle: Bundle) -> None:
    recording = make_recording(loud_stretch(duration_s=40, start_s=10, stop_s=20))
    writer = LogWriter({BED: lambda: MemoryLog()}, lambda *_: None)
    keeper = Keeper({BED: lambda: Ring(path, BED, SFREQ, goes_on=False)}, lambda *_: None)
    source = Replay(recording, bundle.config.signal, speed=0)
    monitor = Monitor(BED, source, bundle.config, Runtime(bundle), writer, lambda _: None, goes_on=False, keeper=keeper)
    assert watch([monitor], threading.Event()) == {}
    keeper.close()
    writer.close()
    offline = list(process(recording, bundle.config.signal))
    data = np.hstack([part.data for part in offline])
    recent = read(path)
    assert recent.start_s == UNKNOWN_START.timestamp()
    n_times = recent.data.shape[1]
    assert n_times == data.shape[1] // 128 * 128
    np.testing.assert_allclose(recent.data * SCALE_UV, data[:, :n_times], atol=SCALE_UV / 2 + 1e-4)
    np.testing.assert_array_equal(recent.quality, np.hstack([part.quality for part in offline])[:, :n_times])


def test_eeg_that_cannot_be_kept_is_dropped_and_said_once_and_nobody_waits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_TRY_AGAIN_S", "_WRITE_EVERY_S"):
        monkeypatch.setattr(f"eegwarn.bedside.keeper.{name}", 0.01)
    path.parent.write_text("a file where the folder should be")
    said: list[str] = []
    tried: list[float] = []

    def open_ring() -> Ring:
        tried.append(time.monotonic())
        return Ring(path, BED, SFREQ, goes_on=False)

    def keep_until(done: Callable[[], bool], at_s: float) -> None:
        end_s = time.monotonic() + 20
        while not done() and time.monotonic() < end_s:
            begin_s = time.monotonic()
            keeper.add(BED, at_s, noise(1))
            assert time.monotonic() - begin_s < 0.2

    keeper = Keeper({BED: open_ring}, lambda _, sentence: said.append(sentence))
    keep_until(lambda: len(tried) > 3, AT_S)
    assert said == ["Its EEG cannot be kept for the dashboard: File exists. It is judged all the same."]
    path.parent.unlink()
    keep_until(lambda: len(said) > 1, AT_S)
    keeper.close()
    assert said[1:] == ["Its EEG is kept again."]
    assert read(path).start_s == AT_S


def test_a_disk_that_is_nearly_full_is_left_to_what_is_written_of_alarms(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 2**26}))
    with pytest.raises(OSError, match="No space left"):
        Ring(path, BED, SFREQ, goes_on=False)
    assert path.stat().st_size == 0


def test_a_file_that_was_removed_is_not_written_into_the_void(path: Path) -> None:
    ring = Ring(path, BED, SFREQ, goes_on=True)
    path.unlink()
    with pytest.raises(OSError, match="removed"):
        ring.append(AT_S, noise(2))
    ring.close()
    write(path, (AT_S, noise(2)), goes_on=True)
    assert read(path).end_s == AT_S + 2


def test_what_nobody_wrote_for_a_day_is_removed_unless_a_monitor_holds_it_or_it_is_no_ring(path: Path) -> None:
    held, other = path.with_name("held.ring"), path.with_name("other.ring")
    ring = Ring(held, BED, SFREQ, goes_on=True)
    old, recent = path.with_name("old.ring"), path.with_name("recent.ring")
    for each in (old, recent):
        write(each, (AT_S, noise(1)))
    other.write_text("a text of somebody")
    for each in (held, old, other):
        os.utime(each, (0, 0))
    remove_old(path.parent, time.time())
    assert sorted(path.parent.iterdir()) == [held, other, recent]
    ring.close()
