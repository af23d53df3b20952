"""Rules of the simulated patients: geometry, timeline, seizures, courses, artefacts, marks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.cohort.simulate import PatientSignal, SimulationConfig, geometry, seizures_until, simulate_patient
from eegwarn.cohort.simulate.artefacts import event_onsets_s, events_between
from eegwarn.cohort.simulate.course import ictal_course, postictal_course, preictal_course
from eegwarn.cohort.simulate.electrodes import detached
from eegwarn.cohort.simulate.epileptor import run_epileptor
from eegwarn.cohort.simulate.marks import rater_marks
from eegwarn.cohort.simulate.seizures import render_seizure
from eegwarn.cohort.simulate.timeline import N2, clock_s, smooth_noise, vigilance
from eegwarn.errors import ConfigError
from training.benchmarks.disagreement import disagreement, simulated_marks

DAY_S = 86400.0


def _patient(number=0, seed=6, **settings_):
    return simulate_patient(number, seed=seed, config=SimulationConfig(sfreqs=(200.0,), **settings_))


def _with(patient, **epilepsy):
    return replace(patient, epilepsy=replace(patient.epilepsy, **epilepsy))


@pytest.mark.parametrize("order", [1, 2, 7, 40])
def test_a_head_of_one_tissue_follows_the_closed_form(monkeypatch, order):
    monkeypatch.setattr(geometry, "_SHELL_CONDUCTIVITIES", (0.33, 0.33, 0.33, 0.33))
    assert geometry._surface_gain(order) == pytest.approx((2 * order + 1) / order)


def test_the_skull_blurs_what_is_small(monkeypatch):
    with_skull = geometry._surface_gain(30) / geometry._surface_gain(3)
    monkeypatch.setattr(geometry, "_SHELL_CONDUCTIVITIES", (0.33, 0.33, 0.33, 0.33))
    assert with_skull < 0.2 * geometry._surface_gain(30) / geometry._surface_gain(3)


def test_a_source_is_seen_best_by_the_electrode_over_it():
    positions, sources = geometry.electrode_positions(), geometry.source_positions()
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 1)
    nearest = np.argmax(positions @ sources.T, axis=0)
    under = np.max(positions @ sources.T, axis=0) / geometry.SOURCE_RADIUS > np.cos(np.deg2rad(12))
    assert under.sum() > 5
    np.testing.assert_array_equal(np.argmax(geometry.leadfield(), axis=0)[under], nearest[under])


@given(short_h=st.floats(0.1, 50), longer_h=st.floats(0, 100), rate=st.floats(0.02, 4), number=st.integers(0, 50))
@settings(max_examples=40)
def test_a_longer_list_of_seizures_begins_with_the_shorter(short_h, longer_h, rate, number):
    patient = _patient(number, seizures_per_hour=rate)
    short = seizures_until(patient, 3600 * short_h)
    long = seizures_until(patient, 3600 * (short_h + longer_h))
    assert long[: len(short)] == short
    assert all(later.onset_s > earlier.offset_s + 60 for earlier, later in itertools.pairwise(long))
    assert all(seizure.early_s < seizure.offset_s - seizure.onset_s for seizure in long)


def test_seizures_come_at_their_rate():
    counts = [len(seizures_until(_patient(number, seizures_per_hour=0.2), 5 * DAY_S)) for number in range(60)]
    # Clusters and the spread between patients: a fifth either way.
    assert np.mean(counts) == pytest.approx(0.2 * 24 * 5, rel=0.2)


def test_most_patients_have_a_seizure_within_the_first_hour():
    assert np.mean([bool(seizures_until(_patient(number), 3600.0)) for number in range(60)]) > 0.85


def test_subtle_seizures_are_a_fifth_or_less():
    subtle = [s.subtle for number in range(40) for s in seizures_until(_patient(number, seizures_per_hour=1.0), DAY_S)]
    assert 0.15 < np.mean(subtle) < 0.21


def test_patients_sleep_by_night():
    asleep_by_night, asleep_by_day = [], []
    for number in range(6):
        patient = _patient(number)
        time_s = np.arange(0, 3 * DAY_S, 60.0)
        hour = np.array([clock_s(patient, second) / 3600 % 24 for second in time_s])
        asleep = vigilance(patient, time_s) >= N2
        asleep_by_night.append(asleep[(hour > 0) & (hour < 5)].mean())
        asleep_by_day.append(asleep[(hour > 9) & (hour < 20)].mean())
    assert np.mean(asleep_by_night) > 0.7
    assert np.mean(asleep_by_day) < 0.25


def test_a_slow_course_has_the_same_variance_on_and_between_its_knots():
    time_s = np.arange(0, 60_000.0)
    courses = np.array([smooth_noise(_patient(number), "test", time_s, spacing_s=20.0) for number in range(12)])
    by_phase = (courses**2).reshape(12, -1, 20).mean(axis=(0, 1))
    assert courses.var() == pytest.approx(1.0, abs=0.05)
    assert by_phase.max() / by_phase.min() < 1.15


def test_only_responders_change_before_a_seizure():
    patient = _patient(seizures_per_hour=0.2)
    onset_s = seizures_until(patient, DAY_S)[0].onset_s
    before_s = onset_s + np.array([-7200.0, -60.0, -1.0])
    assert preictal_course(_with(patient, preictal_strength=0.0), before_s).max() == 0
    far, near, at_onset = preictal_course(_with(patient, preictal_strength=2.0, preictal_s=600.0), before_s)
    assert far == 0
    assert 1.5 < near < at_onset <= 2.0


def test_half_of_the_patients_respond():
    strengths = [_patient(number).epilepsy.preictal_strength for number in range(200)]
    assert 0.45 < np.mean(np.array(strengths) > 0) < 0.65


def test_courses_follow_the_seizure():
    patient = _patient(seizures_per_hour=0.2)
    seizure = next(s for s in seizures_until(patient, 3 * DAY_S) if not s.subtle)
    time_s = np.array([seizure.onset_s - 5, (seizure.onset_s + seizure.offset_s) / 2, seizure.offset_s + 10])
    assert ictal_course(patient, time_s).tolist() == [0, 1, 0]
    assert postictal_course(patient, time_s)[:2].tolist() == [0, 0]
    assert postictal_course(patient, time_s)[2] > 0.9


@pytest.mark.parametrize("family", ["rhythm", "epileptor"])
def test_a_seizure_begins_small_and_grows(family):
    patient = _with(_patient(3, subtle_fraction=0.0), family=family)
    for seizure in seizures_until(patient, 4 * 3600.0)[:2]:
        wave = render_seizure(patient, seizure)
        assert np.isfinite(wave).all()
        early = wave[:, : round(0.5 * seizure.early_s * 200)].std(axis=1).max()
        middle = wave[:, wave.shape[1] // 2 :][:, : wave.shape[1] // 4].std(axis=1).max()
        assert early < 0.5 * middle
        assert np.abs(wave[:, -1]).max() < 0.1 * np.abs(wave).max()


def test_subtle_seizures_stay_small():
    patient = _patient(3)
    seizure = seizures_until(patient, 4 * 3600.0)[0]
    subtle, plain = (render_seizure(patient, replace(seizure, subtle=subtle)) for subtle in (True, False))
    assert np.median(subtle.std(axis=1)) < 0.5 * np.median(plain.std(axis=1))


@pytest.mark.parametrize("duration_s", [12.0, 60.0])
def test_the_epileptor_discharges_to_the_end_and_its_follower_comes_later(duration_s):
    focus, follower = run_epileptor(np.random.default_rng(2), delays_s=(0.0, 4.0), duration_s=duration_s, sfreq=200.0)
    assert len(focus) == round(duration_s * 200)
    discharging = [np.flatnonzero(np.abs(node) > 1) / 200 for node in (focus, follower)]
    assert discharging[0][0] < 1
    assert discharging[0][-1] > duration_s - 2
    assert 2 < discharging[1][0] - discharging[0][0] < 6


def test_nobody_blinks_asleep():
    patient = _patient()
    onsets_s = np.concatenate([event_onsets_s(patient, "blink", hour) for hour in range(24)])
    assert len(onsets_s) > 1000
    assert (vigilance(patient, onsets_s) < N2).all()


def test_an_artefact_rate_of_zero_leaves_only_spikes():
    patient = _with(_patient(artefact_rate=0.0), spikes_per_hour=0.0)
    assert not list(events_between(patient, 0.0, 7200.0))


def test_responders_spike_more_before_a_seizure():
    counts = {0.0: 0, 2.0: 0}
    for number, strength in itertools.product(range(8), counts):
        patient = _with(
            _patient(number, seizures_per_hour=0.3), preictal_strength=strength, preictal_s=1200.0, spikes_per_hour=60.0
        )
        onsets_s = np.concatenate([event_onsets_s(patient, "spike", hour) for hour in range(24)])
        for seizure in seizures_until(patient, DAY_S - 3600):
            counts[strength] += np.count_nonzero((onsets_s < seizure.onset_s) & (onsets_s > seizure.onset_s - 300))
    assert counts[2.0] > 2 * counts[0.0]


def test_a_detached_electrode_records_no_brain():
    patient = next(p for p in map(_patient, range(50)) if 600 < detached(p, 0)[0] < 7200)
    onset_s, end_s, electrode = detached(patient, 0)
    data = PatientSignal(patient).read_uv(round((onset_s - 60) * 200), round((min(end_s, onset_s + 60)) * 200))
    split = 60 * 200
    assert data[electrode, split + 400 :].std() > 2 * data[electrode, : split - 400].std()


def test_simulated_experts_disagree_as_three_real_ones():
    config = SimulationConfig(seizures_per_hour=0.25)
    values = list(disagreement(simulated_marks(40, seed=6, config=config)).values())
    assert values[0] == pytest.approx(0.25, rel=0.2)
    np.testing.assert_allclose(values[1:4], [7, 31, 135], rtol=0.2)


def test_onsets_are_mostly_marked_late_and_within_the_seizure():
    error_s, inside = [], []
    for number in range(30):
        # Seizures so far apart that no mark reaches another seizure.
        patient = _patient(number, seizures_per_hour=0.05)
        seizures = seizures_until(patient, 20 * DAY_S)
        onset_s = np.array([seizure.onset_s for seizure in seizures])
        for mark in rater_marks(patient, 0, stop_s=20 * DAY_S):
            nearest = int(np.argmin(np.abs(onset_s - mark.onset_s)))
            if abs(mark.onset_s - onset_s[nearest]) < 900:
                error_s.append(mark.onset_s - onset_s[nearest])
                inside.append(mark.onset_s < seizures[nearest].offset_s)
    assert np.mean(np.array(error_s) > 0) == pytest.approx(0.85, abs=0.04)
    assert np.mean(inside) > 0.94


def test_a_longer_stay_gives_the_same_onsets_and_more():
    patient = _patient(1, seizures_per_hour=4.0)
    long = [mark.onset_s for mark in rater_marks(patient, 0, stop_s=20 * 3600.0)]
    for hours in (0.5, 1, 3, 7):
        short = [mark.onset_s for mark in rater_marks(patient, 0, stop_s=hours * 3600.0)]
        assert short == [onset_s for onset_s in long if onset_s < hours * 3600]


def test_marks_are_in_order_and_of_some_length():
    patient = _patient(2, seizures_per_hour=1.0)
    marks = rater_marks(patient, 0, stop_s=DAY_S)
    assert [mark.onset_s for mark in marks] == sorted(mark.onset_s for mark in marks)
    assert all(mark.duration_s >= 10 and 0 <= mark.onset_s < DAY_S for mark in marks)
    assert all(later.onset_s > earlier.offset_s for earlier, later in itertools.pairwise(marks))


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**32}, {"number": -1}])
def test_seeds_and_numbers_out_of_bounds_are_refused(wrong):
    with pytest.raises(ConfigError, match="whole number"):
        simulate_patient(**{"number": 0, "seed": 0, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"seizures_per_hour": 5.0},
        {"sfreqs": (250.0,)},
        {"sfreqs": ()},
        {"line_frequencies_hz": (16.7,)},
        {"n_raters": 0},
        {"subtle_fraction": -0.1},
        {"recording_h": 0.0},
        {"artefact_rate": float("nan")},
    ],
)
def test_settings_out_of_bounds_are_refused(wrong):
    with pytest.raises(ConfigError):
        SimulationConfig(**wrong)
