"""Recordings are known by their content, patients by a pseudonym, clips by where they lie."""

from pathlib import Path

import numpy as np
import pytest

from eegwarn.errors import ModelError, StoreError
from eegwarn.store import Store
from eegwarn.store.models import add_model, read_prediction, stored_models, write_prediction
from eegwarn.store.recordings import NewRecording, add_clips, add_recordings, stored_recordings
from tests.store.labelled import clips, recording


def test_a_recording_that_was_moved_is_the_same_one_elsewhere(store: Store) -> None:
    first = recording(store)
    moved = NewRecording("p1", first.fingerprint, Path("/archive/renamed.edf"), 3600.0)
    (again,) = add_recordings(store, [moved], by="engineer")
    assert (again.id, again.path, again.patient) == (first.id, Path("/archive/renamed.edf"), "p1")
    assert stored_recordings(store) == (again,)


def test_a_recording_is_not_given_to_a_second_patient_and_nothing_changes(store: Store) -> None:
    first = recording(store)
    other = [NewRecording("p2", print_, Path("/x.edf"), 60.0) for print_ in ("new", first.fingerprint)]
    with pytest.raises(StoreError, match="known as 'p1'"):
        add_recordings(store, other, by="engineer")
    assert stored_recordings(store) == (first,)
    assert stored_recordings(store, patient="p2") == ()


@pytest.mark.parametrize("name", ["", "Doe, Jane", "Jane Doe", "Zoë", "-", "x" * 65])
def test_what_could_be_a_name_is_no_pseudonym(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="pseudonym"):
        recording(store, patient=name)


def test_the_same_clip_is_stored_once(store: Store) -> None:
    first = clips(store, 3)
    assert clips(store, 3) == first
    assert len({clip.id for clip in first}) == 3


@pytest.mark.parametrize(
    ("start_s", "duration_s"), [(-1, 10), (3595, 10), (0, 0), (float("nan"), 10), (0, float("inf"))]
)
def test_a_clip_outside_its_recording_is_refused(store: Store, start_s: float, duration_s: float) -> None:
    known = recording(store)
    with pytest.raises(StoreError, match="does not lie in"):
        add_clips(store, [(known.id, start_s, duration_s)])
    with pytest.raises(StoreError, match="does not know"):
        add_clips(store, [(known.id + 1, 0.0, 10.0)])


def test_a_model_keeps_its_lineage_and_record_wherever_its_file_goes(store: Store, tmp_path: Path) -> None:
    old, new, copy = (tmp_path / name for name in ("old.eegwarn", "new.eegwarn", "copy.eegwarn"))
    old.write_bytes(b"one")
    new.write_bytes(b"two")
    copy.write_bytes(b"two")
    parent = add_model(store, old, by="engineer", record={"seed": 3})
    child = add_model(store, new, by="engineer", parent_id=parent.id)
    moved = add_model(store, copy, by="somebody")
    assert (moved.id, moved.parent_id, moved.path.name, moved.added_by) == (child.id, parent.id, copy.name, "engineer")
    assert [model.record for model in stored_models(store)] == [{"seed": 3}, {}]
    with pytest.raises(ModelError):
        add_model(store, tmp_path / "none", by="engineer")


def test_a_prediction_is_read_as_it_was_written_last(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.eegwarn").write_bytes(b"one")
    model, known = add_model(store, tmp_path / "m.eegwarn", by="engineer"), recording(store)
    assert read_prediction(store, model.id, known.id) is None
    level = np.array([0.5, np.nan, 0.25], dtype=np.float32)
    for scale in (2, 1):
        write_prediction(store, model.id, known.id, [4.0, 5.0, 6.0], level / scale)
    time_s, found = read_prediction(store, model.id, known.id) or ((), ())
    np.testing.assert_array_equal(time_s, [4.0, 5.0, 6.0])
    np.testing.assert_array_equal(found, level)
    with pytest.raises(StoreError, match="one level a time"):
        write_prediction(store, model.id, known.id, [4.0], level)
