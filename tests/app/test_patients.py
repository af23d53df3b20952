"""Patients of a folder, what a model said of them, and what is saved, without a browser."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.diary import diary_plot, patient_diary
from app.model_files import seen_recordings
from app.patient_files import annotated_edf, tables_zip
from app.patient_report import false_alarms, for_diary, metric_rows, n_seen, report_html, report_of
from app.patient_rows import Scores, findings_of, recording_rows, summary
from app.patients import OpenedPatient, find_patients, open_patient
from eegwarn.bedside import read_bundle, score_recording
from eegwarn.bedside.bundle import Bundle
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from eegwarn.events import events_from_marks, read_szcore_tsv
from eegwarn.signal.recording import open_recording
from eegwarn.store import open_store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.labels import add_label, label_log, present_labels
from eegwarn.store.recordings import add_clips
from tests.app.asked import ask_about
from tests.app.examples import SEIZURE_S
from tests.app.nights import MISSED_S, write_nights

pytest.importorskip("timescoring")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nights")
    patient = write_nights(folder)
    (patient / "broken.edf").write_bytes(b"no EDF")
    return folder


@pytest.fixture(scope="module")
def opened(ward: Path) -> OpenedPatient:
    ((found,), _) = find_patients(ward)
    opened, _ = open_patient(found, open_recording)
    assert opened is not None
    return opened


@pytest.fixture(scope="module")
def bundle(ward: Path) -> Bundle:
    return read_bundle(ward / "amplitude.eegwarn")


@pytest.fixture(scope="module")
def scores(opened: OpenedPatient, bundle: Bundle) -> Scores:
    return {each.path: score_recording(bundle, each.open()) for each in opened.patient.recordings}


def texts(opened: OpenedPatient, scores: Scores) -> list[str]:
    return [one.text for one in findings_of(opened, scores)]


def test_patient_is_the_first_folder_of_a_data_set_and_its_own_where_files_lie_loose(tmp_path: Path) -> None:
    for name in ("loose.edf", "p01/a.edf", "p01/later/b.edf", "ward/p02/c.edf", "ward/derivatives/p02/c.edf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    patients, _ = find_patients(tmp_path)
    found = {one.name: [each.path.name for each in one.listed] for one in patients}
    assert found == {"loose": ["loose.edf"], "p01": ["a.edf", "b.edf"], "ward/p02": ["c.edf"]}


def test_data_set_below_the_folder_is_recognised_and_named_only_beside_others(tmp_path: Path) -> None:
    write_cohort(tmp_path / "cohort", n_patients=2, hours=0.02, seed=1, config=SimulationConfig(sfreqs=(200.0,)))
    assert [one.name for one in find_patients(tmp_path)[0]] == ["sim01", "sim02"]
    (tmp_path / "p01.edf").write_bytes(b"")
    assert [one.name for one in find_patients(tmp_path)[0]] == ["cohort/sim01", "cohort/sim02", "p01"]


def test_damaged_recording_is_left_out_with_the_reason_and_an_unmarked_one_is_kept(ward: Path) -> None:
    ((found,), _) = find_patients(ward)
    opened, (left_out,) = open_patient(found, open_recording)
    assert opened is not None
    assert left_out.path.name == "broken.edf"
    assert [path.name for path in opened.unmarked] == ["night_3.edf"]
    assert len(opened.patient.recordings) == 3


def test_seizures_tell_their_alarm_or_that_it_was_missed(opened: OpenedPatient, scores: Scores) -> None:
    caught, missed, unmarked = texts(opened, scores)
    alarm = scores[opened.patient.recordings[0].path].alarms[0]
    assert caught == f"■ night_1 0:01:30 seizure · alarm {alarm.raised_s - SEIZURE_S[0]:.0f} s after its onset"
    assert missed == "□ night_2 0:00:20 seizure · missed"
    assert unmarked.startswith("▲ night_3 0:01:3")
    assert "alarm · nothing is marked" in unmarked


def test_nothing_is_called_missed_before_it_is_scored(opened: OpenedPatient) -> None:
    assert texts(opened, {}) == [
        "■ night_1 0:01:30 seizure · not scored",
        "■ night_2 0:00:20 seizure · not scored",
    ]
    assert "missed" not in summary(opened, {})
    assert {row["Alarms"] for row in recording_rows(opened, {})} == {"not scored"}


def test_rows_and_summary_count_what_is_marked_and_what_is_not(opened: OpenedPatient, scores: Scores) -> None:
    rows = recording_rows(opened, scores)
    assert [(row["Seizures"], row["Alarms"]) for row in rows] == [("1", "1"), ("1", "0"), ("not marked", "1")]
    words = summary(opened, scores)
    assert "2 marked seizures: **1 caught**, **1 missed**." in words
    assert "1 recording without marks" in words


def test_diary_puts_seizures_and_alarms_at_their_day_and_hour(opened: OpenedPatient, scores: Scores) -> None:
    rows = patient_diary(for_diary(opened, scores))
    recorded, *marks = (layer["data"]["values"] for layer in diary_plot(rows)["layer"])
    found = {(one["day"], one["what"]): one["hour"] for kind in marks for one in kind}
    assert found["day 2", "seizure"] == pytest.approx((SEIZURE_S[0] - 60) / 3600)
    assert found["day 3", "seizure"] == pytest.approx(4.5 + MISSED_S[0] / 3600)
    assert found["day 2", "alarm"] > found["day 2", "seizure"]
    assert ("day 3", "alarm") not in found
    assert {"day": "day 1", "from": pytest.approx(24 - 1 / 60), "to": 24.0} in recorded


def test_scores_leave_unmarked_recordings_out_and_say_what_is_not_defined(
    opened: OpenedPatient, scores: Scores, bundle: Bundle
) -> None:
    report = report_of(opened, scores, bundle, "amplitude.eegwarn", 0)
    assert report is not None
    assert report.pooled.duration_s == 240.0
    values = {row["metric"]: row["value"] for row in metric_rows(report)}
    assert values["event sensitivity"] == "0.500"
    assert "**0.0 false alarms a day**" in false_alarms(report)
    quiet = {path: one for path, one in scores.items() if path.name == "night_2.edf"}
    alone = report_of(opened, quiet, bundle, "amplitude.eegwarn", 0)
    assert alone is not None
    assert {row["metric"]: row["value"] for row in metric_rows(alone)}["median warning time (s)"] == "not defined"
    unmarked = {path: one for path, one in scores.items() if path in opened.unmarked}
    assert report_of(opened, unmarked, bundle, "amplitude.eegwarn", 0) is None


def test_recordings_that_training_saw_are_told_by_their_content(
    opened: OpenedPatient, scores: Scores, bundle: Bundle
) -> None:
    content = opened.patient.recordings[0].content()
    record = {"split": {"training": {"persons": {"x": [content]}}, "validation": {"persons": {"y": ["other"]}}}}
    assert seen_recordings(record) == {content, "other"}
    assert seen_recordings({"split": "of another kind"}) == frozenset()
    assert n_seen(bundle, [content]) == 0
    report = report_of(opened, scores, bundle, "amplitude.eegwarn", 1)
    assert report is not None
    assert "too good" in report.context.split


def test_report_is_one_file_with_the_diary_and_loads_nothing(
    opened: OpenedPatient, scores: Scores, bundle: Bundle
) -> None:
    report = report_of(opened, scores, bundle, "amplitude.eegwarn", 0)
    assert report is not None
    page = report_html(opened, scores, bundle, report).decode()
    assert "<h1>Patient p07: seizures and warnings</h1>" in page
    assert "Seizure diary" in page
    assert page.count("<svg") >= 4
    assert "src=" not in page


def test_tables_hold_marks_and_warnings_apart_and_none_of_marks_where_nobody_marked(
    opened: OpenedPatient, scores: Scores, tmp_path: Path
) -> None:
    with ZipFile(BytesIO(tables_zip(opened, scores))) as packed:
        packed.extractall(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"night_{number}_{what}.tsv" for number in (1, 2, 3) for what in ("events", "warnings")} - {
        "night_3_events.tsv"
    }
    (mark,) = read_szcore_tsv(tmp_path / "night_1_events.tsv")
    assert (mark.onset_s, mark.offset_s) == SEIZURE_S
    (warning,) = read_szcore_tsv(tmp_path / "night_1_warnings.tsv")
    assert warning.onset_s == pytest.approx(scores[opened.patient.recordings[0].path].alarms[0].raised_s)


def test_saved_edf_holds_marks_warnings_and_labels_and_only_marks_and_labels_are_read_as_seizures(
    opened: OpenedPatient, scores: Scores, tmp_path: Path
) -> None:
    each = opened.patient.recordings[0]
    store = open_store(tmp_path / "store.db")
    number = ask_about(store, each.path, [30.0])
    (clip,) = add_clips(store, [(number, 130.0, 10.0)])
    add_label(store, clip.id, Answer(Label.NOT_SEIZURE), rater="anna")
    labels = present_labels(label_log(store))
    store.close()
    path = tmp_path / "annotated.edf"
    path.write_bytes(annotated_edf(each.open(), each.events, scores[each.path], labels))
    read = open_recording(path)
    assert [mark.text for mark in read.marks] == ["sz", "warning", "not seizure (anna)"]
    (seizure,) = events_from_marks(read.marks)
    assert (seizure.onset_s, seizure.offset_s) == SEIZURE_S
    assert abs(read.read_uv(0, 256) - each.open().read_uv(0, 256)).max() < 0.1
