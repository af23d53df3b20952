"""Labels leave the store and come back whole, and are never doubled on the way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eegwarn.errors import EventsError, StoreError
from eegwarn.events import KnownStretch, read_clips, read_szcore_tsv
from eegwarn.signal import open_recording
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Answer, Display, Label
from eegwarn.store.label_import import import_labels
from eegwarn.store.label_marks import export_label_marks, labels_from_marks
from eegwarn.store.label_table import read_label_table, write_label_table
from eegwarn.store.labels import add_label, label_log, present_labels
from eegwarn.store.recordings import NewRecording, add_clips, add_recordings
from tests.signal.edf_files import noise_uv, write_edf
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips, recording

ONSET = Answer(
    Label.SEIZURE, 0.75, 3.25, 4.5, 'left "temporal"', Display("longitudinal bipolar", 0.5, 40.0, 0.0, 7.0), True
)
HEADER = "recording\tonset\tduration\teventType\n"


def fill(store: Store) -> None:
    first, second, third, fourth = clips(store, 4)
    at = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
    add_label(store, first.id, ONSET, rater="anna", at=at)
    add_label(store, first.id, SEIZURE, rater="ben")
    add_label(store, second.id, NOT_SEIZURE, rater="anna")
    add_label(store, third.id, Answer(Label.ARTEFACT, saw_level=False), rater="anna")
    add_label(store, fourth.id, Answer(Label.UNSURE), rater="anna")


def told(store: Store) -> list[tuple]:
    rows = present_labels(label_log(store))
    return [(row.uid, row.at, row.rater, row.clip.start_s, row.clip.duration_s, row.answer) for row in rows]


def test_a_table_brings_all_labels_to_another_store_once(store: Store, tmp_path: Path) -> None:
    fill(store)
    table = tmp_path / "labels.tsv"
    write_label_table(table, present_labels(label_log(store)))
    other = open_store(tmp_path / "other.db")
    recording(other)
    assert import_labels(other, read_label_table(table)).n_new == 5
    assert told(other) == told(store)
    assert import_labels(other, read_label_table(table)).n_new == 0
    assert import_labels(store, read_label_table(table)).n_known == 5
    assert told(other) == told(store)
    other.close()


def test_what_trains_and_what_reads_events_reads_the_table_right(store: Store, tmp_path: Path) -> None:
    fill(store)
    table = tmp_path / "labels.tsv"
    write_label_table(table, present_labels(label_log(store, rater="anna")))
    assert read_clips(table) == {
        "print-of-night.edf": (
            KnownStretch(0, 3.25, seizure=False),
            KnownStretch(3.25, 10, seizure=True),
            KnownStretch(10, 20, seizure=False),
            KnownStretch(20, 30, seizure=False),
        )
    }
    (event,) = read_szcore_tsv(table)
    assert (event.onset_s, event.offset_s, event.confidence) == (3.25, 10, 0.75)


def test_a_plain_table_of_clips_is_imported_once_for_a_named_rater(store: Store, tmp_path: Path) -> None:
    recording(store)
    table = tmp_path / "clips.tsv"
    table.write_text(HEADER + "night.edf\t0\t10\tsz\nnight.edf\t10\t10\tbckg\nnight.edf\t20\t10\tspike\n")
    with pytest.raises(EventsError, match="--rater"):
        read_label_table(table)
    given = read_label_table(table, rater="anna")
    assert import_labels(store, given).n_new == 2
    assert import_labels(store, given).n_known == 2
    assert [row[2:5] for row in told(store)] == [("anna", 0.0, 10.0), ("anna", 10.0, 10.0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "recording\tonset\n",
        HEADER + "night.edf\tx\t10\tsz\n",
        HEADER.strip() + "\tconfidence\nnight.edf\t0\t10\tsz\t7\n",
        HEADER.strip() + "\tlabel_uid\nnight.edf\t0\t10\tsz\tnot-one\n",
        HEADER + "\t0\t10\tsz\n",
    ],
)
def test_what_is_no_table_of_labels_is_one_clear_line(text: str, tmp_path: Path) -> None:
    table = tmp_path / "labels.tsv"
    table.write_text(text)
    with pytest.raises(EventsError) as caught:
        read_label_table(table, rater="anna")
    assert "\n" not in str(caught.value)
    assert "labels.tsv" in str(caught.value)


@pytest.mark.parametrize("row", ["other.edf\t0\t10\tsz", "night.edf\t9999\t10\tsz"])
def test_an_import_is_whole_or_not_at_all(store: Store, tmp_path: Path, row: str) -> None:
    recording(store)
    table = tmp_path / "clips.tsv"
    table.write_text(HEADER + "night.edf\t0\t10\tsz\n" + row + "\n")
    with pytest.raises(StoreError):
        import_labels(store, read_label_table(table, rater="anna"))
    assert told(store) == []


def test_a_name_that_two_recordings_have_must_be_told_apart(store: Store, tmp_path: Path) -> None:
    same = [NewRecording(patient, patient * 2, Path(f"/{patient}/night.edf"), 60.0) for patient in ("p1", "p2")]
    add_recordings(store, same, by="engineer")
    table = tmp_path / "clips.tsv"
    table.write_text(HEADER + "night.edf\t0\t10\tsz\n")
    with pytest.raises(StoreError, match="name of 2 recordings"):
        import_labels(store, read_label_table(table, rater="anna"))


def test_an_edf_file_carries_labels_and_raters_as_annotations(store: Store, tmp_path: Path) -> None:
    original = write_edf(tmp_path / "night.edf", noise_uv(19, 40 * 256))
    (known,) = add_recordings(store, [NewRecording("p1", "print", original, 40.0)], by="engineer")
    for clip, answer in zip(
        add_clips(store, [(known.id, 10.0 * number, 10.0) for number in range(3)]),
        (ONSET, NOT_SEIZURE, Answer(Label.ARTEFACT)),
        strict=True,
    ):
        add_label(store, clip.id, answer, rater="anna (EEG)")
    marked = tmp_path / "marked.edf"
    export_label_marks(open_recording(original), present_labels(label_log(store)), marked)
    marks = open_recording(marked).marks
    other = open_store(tmp_path / "other.db")
    (moved,) = add_recordings(other, [NewRecording("p1", "print", original, 40.0)], by="engineer")
    assert import_labels(other, labels_from_marks(marks, moved)).n_new == 4
    assert [(start, duration, answer.label.value) for *_, start, duration, answer in told(other)] == [
        (0.0, 3.25, "not seizure"),
        (3.25, 6.75, "seizure"),
        (10.0, 10.0, "not seizure"),
        (20.0, 10.0, "artefact"),
    ]
    assert {row[2] for row in told(other)} == {"anna  EEG"}
    other.close()
