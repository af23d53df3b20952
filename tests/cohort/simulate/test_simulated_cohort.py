"""A cohort without files is the cohort that would be written, and its clips tell the truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eegwarn.cohort import read_cohort
from eegwarn.cohort.simulate import (
    SimulatedCohortRecording,
    SimulationConfig,
    simulated_cohort,
    simulated_recording,
    write_cohort,
)
from eegwarn.cohort.simulate.clips import CLIP_S, clips_near_marks, write_simulated_clips
from eegwarn.errors import ConfigError
from eegwarn.events import SeizureEvent, read_clips

CONFIG = SimulationConfig(seizures_per_hour=4.0)


def test_its_recordings_are_those_of_the_simulator() -> None:
    cohort = simulated_cohort(2, hours=0.05, seed=3, config=CONFIG)
    recording = cohort.recordings[1].open()
    alone = simulated_recording(1, hours=0.05, seed=3, config=CONFIG)
    np.testing.assert_array_equal(recording.read_uv(1000, 2000), alone.read_uv(1000, 2000))
    assert [mark.onset_s for mark in alone.marks] == [event.onset_s for event in cohort.recordings[1].events]


def test_another_seed_length_or_setting_is_another_content() -> None:
    cohorts = [
        simulated_cohort(2, hours=0.1, seed=3, config=CONFIG),
        simulated_cohort(2, hours=0.1, seed=4, config=CONFIG),
        simulated_cohort(2, hours=0.2, seed=3, config=CONFIG),
        simulated_cohort(2, hours=0.1, seed=3, config=replace(CONFIG, artefact_rate=2.0)),
    ]
    contents = {recording.content() for cohort in cohorts for recording in cohort.recordings}
    assert len(contents) == 8


@pytest.mark.parametrize(("n_patients", "hours"), [(0, 1.0), (1, 0.0), (1, float("nan"))])
def test_an_empty_cohort_is_refused(n_patients: int, hours: float) -> None:
    with pytest.raises(ConfigError):
        simulated_cohort(n_patients, hours=hours, seed=0)


def test_true_seizures_are_not_the_marks() -> None:
    cohort = simulated_cohort(6, hours=0.5, seed=3, config=CONFIG)
    marked = {event for recording in cohort.recordings for event in recording.events}
    true = {
        event
        for recording in cohort.recordings
        if isinstance(recording, SimulatedCohortRecording)
        for event in recording.true_events
    }
    assert true
    assert not marked & true


def test_clips_lie_near_marks_and_say_where_the_seizure_is() -> None:
    truth = {"a": (SeizureEvent(100.0, 160.0),), "b": ()}
    marks = {"a": (SeizureEvent(112.0, 160.0),), "b": (SeizureEvent(40.0, 60.0),)}
    clips = clips_near_marks(marks, truth, {"a": 600.0, "b": 600.0}, 200, np.random.default_rng(0))
    for name, stretches in clips.items():
        for stretch in stretches:
            assert 0 < stretch.end_s - stretch.start_s <= CLIP_S + 1e-9
            assert marks[name][0].onset_s - 60 <= stretch.start_s
            assert stretch.end_s <= marks[name][0].onset_s + 30 + 1e-9
            assert stretch.seizure == (name == "a" and stretch.start_s >= 100.0)
            assert not (name == "a" and stretch.start_s < 100.0 < stretch.end_s)
    assert any(stretch.seizure for stretch in clips["a"])
    assert any(not stretch.seizure for stretch in clips["a"])


def test_without_marks_there_is_no_clip() -> None:
    assert clips_near_marks({"a": ()}, {"a": ()}, {"a": 600.0}, 5, np.random.default_rng(0)) == {}


def test_written_clips_are_of_the_cohorts_recordings_and_true_by_its_truth(tmp_path: Path) -> None:
    write_cohort(tmp_path, n_patients=3, hours=0.1, seed=5, config=CONFIG)
    write_simulated_clips(tmp_path, 12, seed=0)
    clips = read_clips(tmp_path / "clips.tsv")
    recordings = {recording.name: recording for recording in read_cohort(tmp_path).recordings}
    same = {f"sim{number + 1:02d}_01.edf": each for number, each in enumerate(recordings_of(3))}
    assert clips
    for name, stretches in clips.items():
        assert name in recordings
        for stretch in stretches:
            middle_s = (stretch.start_s + stretch.end_s) / 2
            inside = [event.onset_s <= middle_s < (event.offset_s or 0) for event in same[name].true_events]
            assert stretch.seizure == any(inside)


def recordings_of(n_patients: int) -> list[SimulatedCohortRecording]:
    cohort = simulated_cohort(n_patients, hours=0.1, seed=5, config=CONFIG)
    return [each for each in cohort.recordings if isinstance(each, SimulatedCohortRecording)]
