"""Windows get the labels that the marks give them, and what cannot be used is left out with the reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eegwarn.cohort import Cohort, Patient
from eegwarn.errors import CohortError, RecordingError
from eegwarn.events import KnownStretch, SeizureEvent
from training import windows as windows_module
from training.config import TrainConfig
from training.fit import fit_warning
from training.windows import LabelledRecording, clips_by_content, prepare_recordings

from .conftest import TINY


def prepared_with(cohort: Cohort, cache: Path, config: TrainConfig, *events: SeizureEvent) -> LabelledRecording:
    recording = replace(cohort.recordings[0], events=events, start_s=None)
    one = replace(cohort, patients=(Patient(recording.patient_id, (recording,)),))
    (prepared,) = prepare_recordings(one, [recording], config, cache=cache, step="read").recordings
    return prepared


@pytest.mark.parametrize("horizon_s", [0.0, 120.0])
def test_positives_reach_back_by_the_horizon_and_the_time_after_is_left_out(
    cohort: Cohort, cache: Path, horizon_s: float
) -> None:
    config = replace(TINY, horizon_s=horizon_s)
    recording = prepared_with(cohort, cache, config, SeizureEvent(400.0, 450.0))
    centre_s = recording.windows.start_s + 2
    np.testing.assert_array_equal(recording.positive, (centre_s >= 400 - horizon_s) & (centre_s < 450))
    after = (centre_s >= 450) & (centre_s < 450 + config.labels.postictal_s)
    np.testing.assert_array_equal(recording.counted, recording.windows.usable & ~after)


def test_a_recording_that_cannot_be_read_is_left_out_with_the_reason(
    cohort: Cohort, cache: Path, tmp_path: Path
) -> None:
    broken = replace(cohort.recordings[0], path=tmp_path / "broken.edf")
    broken.path.write_bytes(cohort.recordings[0].path.read_bytes()[:100])
    chosen = [broken, cohort.recordings[1]]
    prepared = prepare_recordings(cohort, chosen, TINY, cache=cache, step="read")
    assert [each.source for each in prepared.recordings] == chosen[1:]
    ((name, reason),) = prepared.skipped
    assert name == "broken.edf"
    assert "\n" not in reason


def test_an_edit_anywhere_in_a_file_makes_another_entry_in_the_cache(
    cohort: Cohort, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = replace(cohort.recordings[0], path=tmp_path / "edited.edf")
    content = cohort.recordings[0].path.read_bytes()
    between = len(content) * 61 // 126  # half-way between two of the 64 pieces that a fingerprint reads
    gap = slice(between - 20_000, between + 20_000)
    recording.path.write_bytes(content)
    versions = []

    def note(recording: object, version: str, *args: object, **options: object) -> None:
        versions.append(version)
        raise RecordingError("It is enough to know which entry was asked for.")

    monkeypatch.setattr(windows_module, "cached_windows", note)
    prepare_recordings(cohort, [recording], TINY, cache=cache, step="read")
    recording.path.write_bytes(content[: gap.start] + bytes(40_000) + content[gap.stop :])
    prepare_recordings(cohort, [recording], TINY, cache=cache, step="read")
    assert versions[0].split()[0] == versions[1].split()[0]
    assert versions[0] != versions[1]


def test_threshold_and_calibration_come_from_natural_windows(cohort: Cohort, cache: Path) -> None:
    recording = prepared_with(cohort, cache, TINY, SeizureEvent(300.0, 360.0), SeizureEvent(700.0, 750.0))
    rng = np.random.default_rng(0)
    logit = 4.0 * recording.positive - 2 + rng.standard_normal(len(recording.positive))
    logit[~recording.windows.usable] = np.nan
    fitted = fit_warning([recording], [logit], TINY)
    level = 1 / (1 + np.exp(-(logit / fitted.calibration.temperature + fitted.calibration.bias)))
    counted = recording.counted
    assert level[counted].mean() == pytest.approx(recording.positive[counted].mean(), abs=0.01)
    assert fitted.about["sensitivity"] == 1
    assert fitted.about["false_alarms_per_day"] == 0


def test_a_warning_of_a_seizure_in_the_next_recording_is_no_false_alarm(cohort: Cohort, cache: Path) -> None:
    first = replace(cohort.recordings[0], events=(SeizureEvent(400.0, 450.0),), start_s=0.0)
    later = replace(first, events=(SeizureEvent(20.0, 60.0),), start_s=first.duration_s + 30)
    both = replace(cohort, patients=(Patient(first.patient_id, (first, later)),))
    config = replace(TINY, horizon_s=240.0)
    (recording,) = prepare_recordings(both, [first], config, cache=cache, step="read").recordings
    fitted = fit_warning([recording], [np.where(recording.positive, 2.0, -2.0)], config)
    assert recording.positive[-1]
    assert fitted.about["false_alarms_per_day"] == 0
    assert fitted.about["sensitivity"] == 1


def test_a_recording_that_can_hardly_be_judged_gives_no_threshold(cohort: Cohort, cache: Path) -> None:
    recording = prepared_with(cohort, cache, TINY, SeizureEvent(300.0, 360.0))
    logit = np.full(len(recording.positive), np.nan)
    with pytest.raises(CohortError, match="No alarm threshold can be chosen"):
        fit_warning([recording], [logit], TINY)


def test_clips_find_their_recording_by_content_or_by_a_name_that_is_no_other_one_s(
    cohort: Cohort, tmp_path: Path
) -> None:
    known = (KnownStretch(0, 10, seizure=True),)
    first, other = cohort.recordings[:2]
    by_name = clips_by_content(cohort, {first.name: known, "gone.edf": known})
    assert by_name == clips_by_content(cohort, {first.content(): known}) == {first.content(): known}
    namesake = tmp_path / first.name
    namesake.write_bytes(other.path.read_bytes())
    both = replace(cohort, patients=(*cohort.patients[:1], Patient("X", (replace(other, path=namesake),))))
    with pytest.raises(CohortError, match="several recordings of that name"):
        clips_by_content(both, {first.name: known})
    assert clips_by_content(both, {other.content(): known}) == {other.content(): known}
