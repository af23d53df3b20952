"""The benchmarks of the simulated cohort: what they compute, and that a real seizure is one of the cohort's kind."""

import numpy as np
import pytest

realism = pytest.importorskip("training.benchmarks.realism")
difficulty = pytest.importorskip("training.benchmarks.difficulty")


def test_statistics_of_a_sine_are_the_known_ones():
    wave = 10 * np.sqrt(2) * np.sin(2 * np.pi * 10 * np.arange(6000) / 100)[None]
    values = realism.statistics(wave)
    assert values["RMS (µV)"] == pytest.approx(10, rel=1e-3)
    assert values["line length (µV/s)"] == pytest.approx(4 * 10 * 10 * np.sqrt(2), rel=0.06)
    assert values["kurtosis"] == pytest.approx(1.5, rel=0.01)
    assert values["relative alpha"] == pytest.approx(1, abs=0.01)
    assert values["transients a minute"] == 0


def test_transients_are_counted_once_each():
    wave = np.random.default_rng(1).standard_normal((3, 6000))
    wave[:, [1000, 1001, 3000, 5000]] += 50
    assert realism.statistics(wave)["transients a minute"] == pytest.approx(3)


def test_a_rows_real_value_is_outside_when_it_is():
    simulated = [{"RMS": float(value)} for value in range(101)]
    inside, outside = (realism.compare("Michigan", [{"RMS": value}], simulated)[0] for value in (50.0, 97.0))
    assert (inside["inside"], outside["inside"]) == (True, False)
    assert (inside["low"], inside["simulated"], inside["high"]) == (5, 50, 95)


def test_a_real_seizure_lies_within_a_small_cohort(shared_data):
    real = realism.seizure_statistics(realism.read_michigan(shared_data))
    cohort = [realism.seizure_statistics(eeg) for _, eeg in realism.simulated_seizures(10, seed=77)]
    for name in ("before: RMS (µV)", "before: slope 2-40 Hz", "before: median |r|", "ictal: RMS (µV)"):
        values = [seizure[name] for seizure in cohort]
        assert min(values) < real[name] < max(values), name


def _windows(change: float, *, by_night: float = 0.0):
    """Six times three stretches, the first of which is before a seizure; features change then, and in the night."""
    rng = np.random.default_rng(3)
    stretch = np.repeat(np.arange(18), 20)
    before = stretch % 3 == 0
    # Each stretch has a level of its own, as vigilance gives it: windows of one stretch are not independent.
    level = np.repeat(rng.standard_normal((18, 90)), 20, axis=0)
    features = level + rng.standard_normal((360, 90)) + change * before[:, None] + by_night * (stretch >= 9)[:, None]
    state = np.where(before, difficulty.PREICTAL, difficulty.INTERICTAL)
    return difficulty.PatientWindows(True, features, features[:, 0], features[:, 1], state, stretch, stretch // 3)


def test_a_change_before_seizures_beats_its_surrogates_and_no_change_does_not(monkeypatch):
    monkeypatch.setattr(difficulty, "N_SURROGATES", 19)
    changed = difficulty.score_against_surrogates(_windows(2.0), np.random.default_rng(0))
    unchanged = difficulty.score_against_surrogates(_windows(0.0, by_night=2.0), np.random.default_rng(0))
    assert changed["auroc"] > 0.95
    assert changed["p_value"] == 0.05
    assert unchanged["p_value"] > 0.05


def test_too_few_seizures_are_not_scored():
    windows = _windows(2.0)
    few = windows.stretch < 9
    kept = difficulty.PatientWindows(True, *(part[few] for part in list(vars(windows).values())[1:]))
    assert difficulty.score_against_surrogates(kept, np.random.default_rng(0)) == {}


def test_calm_stretches_are_near_their_seizure_and_far_from_all():
    seizures = list(
        difficulty.seizures_until(difficulty.simulate_patient(0, seed=1, config=difficulty.CONFIG), 36000.0)
    )
    calm = difficulty._calm_stretches(seizures)
    assert len(calm) > len(seizures)
    assert len({start_s for start_s, _, _ in calm}) == len(calm)
    for start_s, stop_s, number in calm:
        assert abs(start_s - seizures[number].onset_s) < 1.1 * 3600
        state = difficulty.window_states(np.arange(start_s, stop_s - 4), seizures)
        assert (state == difficulty.INTERICTAL).all()


def test_window_states_follow_the_truth():
    seizure = next(iter(difficulty.seizures_until(difficulty.simulate_patient(0, seed=1), 7200.0)))
    begin_s = np.array([-5000.0, -1000.0, -300.0, -2.0, 0.0, seizure.early_s + 1]) + seizure.onset_s
    expected = ["INTERICTAL", "UNUSED", "PREICTAL", "UNUSED", "EARLY", "ICTAL"]
    assert difficulty.window_states(begin_s, [seizure]).tolist() == [getattr(difficulty, name) for name in expected]
