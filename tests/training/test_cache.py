"""Processed signals on disk equal those made in memory, and an interruption leaves nothing half-made."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eegwarn.cohort import Cohort
from eegwarn.errors import OutputError, RecordingError
from eegwarn.signal.chain import SignalConfig, process
from eegwarn.signal.recording import Recording
from eegwarn.signal.windows import WindowConfig, cut_windows
from training.cache import cached_windows

SIGNAL = SignalConfig(missing="mask")
WINDOWS = WindowConfig()


@pytest.fixture
def recording(cohort: Cohort) -> Recording:
    whole = cohort.recordings[0].open()
    return replace(whole, n_times=round(150.5 * whole.sfreq))


def test_cached_windows_equal_those_cut_in_memory(recording: Recording, tmp_path: Path) -> None:
    cached = cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    blocks = list(process(recording, SIGNAL))
    data, quality = (np.concatenate([getattr(b, name) for b in blocks], axis=1) for name in ("data", "quality"))
    expected = cut_windows(data, quality, sfreq=SIGNAL.sfreq, config=WINDOWS)
    np.testing.assert_allclose(cached.data, expected.data, rtol=2**-10, atol=1e-4)
    for name in ("start_s", "bad", "usable"):
        np.testing.assert_array_equal(getattr(cached, name), getattr(expected, name))


def test_windows_are_mapped_from_disk_and_not_copied(recording: Recording, tmp_path: Path) -> None:
    cached = cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    base = cached.data
    while not isinstance(base, np.memmap):
        assert base.base is not None
        base = base.base


def test_a_second_call_reads_nothing(recording: Recording, tmp_path: Path) -> None:
    first = cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    unreadable = replace(recording, read_uv=lambda start, stop: pytest.fail("read again"))
    second = cached_windows(unreadable, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    np.testing.assert_array_equal(first.data, second.data)


def test_an_entry_that_a_power_cut_left_incomplete_is_made_anew(recording: Recording, tmp_path: Path) -> None:
    whole = cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    expected = whole.data.copy()
    del whole
    (entry,) = tmp_path.iterdir()
    for name in ("signal.f16", "bad.npy", "entry.toml"):
        content = (entry / name).read_bytes()
        (entry / name).write_bytes(content[: len(content) // 2])
        again = cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
        np.testing.assert_array_equal(again.data, expected)


def test_another_configuration_or_content_makes_another_entry(recording: Recording, tmp_path: Path) -> None:
    for content, signal, windows in (
        ("abc", SIGNAL, WINDOWS),
        ("abd", SIGNAL, WINDOWS),
        ("abc", replace(SIGNAL, low_pass_hz=30.0), WINDOWS),
        ("abc", SIGNAL, replace(WINDOWS, hop_s=2.0)),
    ):
        cached_windows(recording, content, signal, windows, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RecordingError("the disk is gone")])
def test_an_interruption_leaves_nothing_behind(recording: Recording, tmp_path: Path, error: BaseException) -> None:
    def read_uv(start: int, stop: int) -> np.ndarray:
        if start > 90 * recording.sfreq:
            raise error
        return recording.read_uv(start, stop)

    with pytest.raises(type(error)):
        cached_windows(replace(recording, read_uv=read_uv), "abc", SIGNAL, WINDOWS, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_when_it_is_old(recording: Recording, tmp_path: Path) -> None:
    for name, age_s in (("old.1.part", 7200), ("new.1.part", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "signal.f16").write_bytes(b"half")
        for path in (tmp_path / name / "signal.f16", tmp_path / name):
            os.utime(path, times=(path.stat().st_mtime - age_s,) * 2)
    cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path)
    assert not (tmp_path / "old.1.part").exists()
    assert (tmp_path / "new.1.part").exists()


def test_a_cache_that_cannot_be_written_is_one_clear_line(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        cached_windows(recording, "abc", SIGNAL, WINDOWS, cache=tmp_path / "file")
