"""Benchmarks: found by name, and the recording that the speed benchmark makes."""

from pathlib import Path

import numpy as np
import pytest

from eegwarn.errors import ConfigError
from eegwarn.signal import open_recording
from training.benchmarks import run_benchmark, shipped_benchmarks
from training.benchmarks.speed import N_SIMULATED, simulate, simulate_edf, write_noise


def test_every_benchmark_says_what_it_measures() -> None:
    known = shipped_benchmarks()
    assert {"speed", "realism", "difficulty"} <= set(known)
    assert all(known.values())


def test_an_unknown_benchmark_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Unknown benchmark 'sped'. Did you mean 'speed'"):
        run_benchmark("sped", tmp_path, lambda step, done, total: None)


def test_the_speed_benchmarks_recording_is_eeg_to_the_signal_path(tmp_path: Path) -> None:
    write_noise(tmp_path / "noise.edf", hours=0.05)
    recording = open_recording(tmp_path / "noise.edf")
    assert (recording.duration_s, recording.sfreq, len(recording.channels)) == (180, 256, 23)
    first, second = recording.read_uv(0, 256 * 60), recording.read_uv(256 * 60, 256 * 120)
    np.testing.assert_array_equal(first, second)
    assert 10 < first.std() < 40


def test_the_simulators_runs_make_what_they_are_asked_for(tmp_path: Path) -> None:
    assert simulate(tmp_path, 0.1) == 6
    assert simulate(tmp_path, 0.01) == N_SIMULATED
    assert simulate_edf(tmp_path, 0.02) == 1
    assert open_recording(next(tmp_path.rglob("*.edf"))).duration_s == 72
