"""Rules of the simulated signal: any time alone, no seam, no hidden period, memory that does not grow."""

import time
import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.cohort.simulate import PatientSignal, SimulationConfig, simulate_patient, simulated_recording
from eegwarn.errors import ConfigError
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR

BUSY = SimulationConfig(sfreqs=(200.0,), seizures_per_hour=4.0, artefact_rate=3.0)
CALM = SimulationConfig(sfreqs=(200.0,), seizures_per_hour=0.0, artefact_rate=3.0)
RESTING = SimulationConfig(sfreqs=(200.0,), seizures_per_hour=0.0, artefact_rate=0.0, line_frequencies_hz=())


@pytest.mark.parametrize("family", [0.0, 1.0], ids=["rhythm", "epileptor"])
def test_any_minute_alone_equals_the_same_minute_in_sequence(family):
    config = SimulationConfig(sfreqs=(200.0,), seizures_per_hour=4.0, artefact_rate=3.0, epileptor_fraction=family)
    patient = simulate_patient(1, seed=11, config=config)
    in_sequence = PatientSignal(patient)
    minutes = [in_sequence.read_uv(12000 * minute, 12000 * (minute + 1)) for minute in range(6)]
    backwards = PatientSignal(patient)
    for minute in (5, 2, 3, 0):
        np.testing.assert_array_equal(backwards.read_uv(12000 * minute, 12000 * (minute + 1)), minutes[minute])


@given(start=st.integers(0, 30000), n_times=st.integers(1, 20000))
@settings(max_examples=5)
def test_any_stretch_equals_that_stretch_of_the_whole(start, n_times):
    whole = simulated_recording(hours=0.05, seed=11, config=BUSY).read_uv(0, 36000)
    stop = min(start + n_times, 36000)
    stretch = simulated_recording(hours=0.05, seed=11, config=BUSY).read_uv(start, stop)
    # The montage is one matrix product, whose sums may round otherwise for other lengths.
    np.testing.assert_allclose(stretch, whole[:, start:stop], atol=1e-3)


@pytest.mark.parametrize("layout", ["chb-mit", "bids"])
def test_a_longer_recording_begins_like_the_shorter_one(layout):
    short = simulated_recording(hours=0.1, seed=4, layout=layout)
    long = simulated_recording(hours=30.0, seed=4, layout=layout)
    np.testing.assert_array_equal(short.read_uv(0, 60000), long.read_uv(0, 60000))
    assert short.channels == long.channels


def test_patients_and_seeds_differ():
    first = simulated_recording(0, hours=0.02, seed=4, config=BUSY).read_uv(0, 4000)
    for number, seed in ((1, 4), (0, 5)):
        other = simulated_recording(number, hours=0.02, seed=seed, config=BUSY).read_uv(0, 4000)
        assert np.abs(np.corrcoef(np.vstack([first[:1], other[:1]]))[0, 1]) < 0.2


def test_minutes_join_without_a_seam():
    signal = PatientSignal(simulate_patient(2, seed=8, config=RESTING))
    ratios = []
    for minute in range(1, 40):
        joint = 12000 * minute
        steps = np.diff(signal.read_uv(joint - 300, joint + 300), axis=1)
        ratios.append(steps[:, 299] ** 2 / steps.var(axis=1))
    # 39 joints at 21 correlated electrodes: the mean stays within about a third of one.
    assert 0.6 < np.mean(ratios) < 1.5
    assert np.max(ratios) < 36


def test_the_variance_has_no_hidden_period_of_a_block():
    assert _power_folded_at(60, _log_variance()) < 2.5


def test_a_linear_cross_fade_would_have_shown():
    course = _log_variance()
    second = np.arange(len(course)) % 60
    fading = np.where(second < 4, (second + 0.5) / 4, 1.0)
    assert _power_folded_at(60, course + np.log(fading**2 + (1 - fading) ** 2)) > 5


@cache
def _log_variance():
    """Logarithm of each second's variance over 80 minutes, mean over electrodes."""
    signal = PatientSignal(simulate_patient(0, seed=9, config=RESTING))
    blocks = [signal.read_uv(12000 * minute, 12000 * (minute + 1)) for minute in range(80)]
    return np.concatenate([np.log(block.reshape(21, 60, 200).var(axis=2)).mean(axis=0) for block in blocks])


def _power_folded_at(period, course):
    """Variance of the mean cycle of a period in seconds, relative to that of its neighbours."""

    def folded(length):
        fast = course - np.convolve(course, np.ones(30) / 30, mode="same")
        return fast[: len(course) // length * length].reshape(-1, length).mean(axis=0).var()

    return folded(period) / np.median([folded(other) for other in range(period - 11, period + 12) if other != period])


def test_memory_does_not_grow_with_length():
    def peak_bytes(minutes: int) -> int:
        recording = simulated_recording(hours=100.0, seed=4, config=CALM)
        tracemalloc.start()
        for minute in range(minutes):
            recording.read_uv(12000 * minute, 12000 * (minute + 1))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(2)
    assert peak_bytes(24) < 1.3 * peak_bytes(8)


def test_ten_minutes_are_made_at_least_500_times_as_fast_as_they_last():
    recording = simulated_recording(hours=1.0, seed=4, config=SimulationConfig(sfreqs=(256.0,)))
    recording.read_uv(0, 256)
    begin_s = time.process_time()
    for minute in range(1, 11):
        recording.read_uv(15360 * minute, 15360 * (minute + 1))
    assert time.process_time() - begin_s < 600 / 500


@pytest.mark.parametrize("sfreq", [200.0, 256.0, 500.0])
def test_every_rate_gives_its_number_of_samples(sfreq):
    recording = simulated_recording(hours=0.5, seed=4, config=SimulationConfig(sfreqs=(sfreq,)))
    assert recording.sfreq == sfreq
    assert recording.n_times == round(1800 * sfreq)
    block = recording.read_uv(1000, 1777)
    assert block.shape == (len(recording.channels), 777)
    assert block.dtype == np.float32


@pytest.mark.parametrize("layout", ["chb-mit", "bids"])
def test_both_layouts_hold_the_longitudinal_montage(layout):
    recording = simulated_recording(hours=0.02, seed=4, layout=layout)
    names = {channel.name for channel in recording.channels}
    needed = (
        LONGITUDINAL_BIPOLAR
        if layout == "chb-mit"
        else {end for name in LONGITUDINAL_BIPOLAR for end in name.split("-")}
    )
    assert set(needed) <= names


@pytest.mark.parametrize("line_hz", [50.0, 60.0])
def test_mains_are_at_their_frequency(line_hz):
    config = SimulationConfig(sfreqs=(256.0,), line_frequencies_hz=(line_hz,), artefact_rate=0.0)
    data = PatientSignal(simulate_patient(3, seed=8, config=config)).read_uv(0, 256 * 60)
    power = (np.abs(np.fft.rfft(data * np.hanning(data.shape[1]))) ** 2).mean(axis=0)
    hz = np.arange(len(power)) / 60
    assert hz[np.argmax(np.where(hz > 40, power, 0))] == pytest.approx(line_hz, abs=0.2)


def test_an_empty_stretch_is_empty():
    recording = simulated_recording(hours=0.02, seed=4)
    assert recording.read_uv(100, 100).shape == (len(recording.channels), 0)


def test_a_length_that_is_not_positive_is_refused():
    with pytest.raises(ConfigError, match="more than 0"):
        simulated_recording(hours=0.0, seed=1)
