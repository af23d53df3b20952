from datetime import UTC, datetime
from pathlib import Path

import edfio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.cohort import fingerprint, read_cohort
from eegwarn.cohort.inspect import inspect_path
from eegwarn.cohort.listing import RECORDING_SUFFIXES, natural_key
from eegwarn.cohort.siena import match_names
from eegwarn.errors import CohortError, RecordingError
from eegwarn.events import SeizureEvent, write_szcore_tsv
from eegwarn.signal.recording import Recording, open_recording
from tests.cohort.folders import patient_of, write_edf, write_summary


def chbmit(folder: Path) -> Path:
    for name in ("chb01/chb01_01.edf", "chb01/chb01_02.edf", "chb21/chb21_01.edf"):
        write_edf(folder / name)
    write_summary(
        folder / "chb01/chb01-summary.txt",
        {"chb01_01.edf": ("22:00:00", []), "chb01_02.edf": ("02:00:00", [(3, 7)]), "chb01_03.edf": ("03:00:00", [])},
    )
    write_summary(folder / "chb21/chb21-summary.txt", {"chb21_01.edf": ("10:00:00", [(1, 2)])})
    return folder


def test_chbmit_is_recognised(tmp_path: Path) -> None:
    cohort = read_cohort(chbmit(tmp_path))
    assert cohort.layout == "chb-mit"
    assert [patient.id for patient in cohort.patients] == ["chb01", "chb21"]
    first, second = cohort.patient("chb01").recordings
    assert (first.events, second.events) == ((), (SeizureEvent(3, 7),))
    assert (first.start_s, second.start_s) == (0, 4 * 3600)
    assert (second.duration_s, second.sfreq, second.position) == (10, 64, 1)


def test_a_patients_own_folder_is_recognised(tmp_path: Path) -> None:
    assert [patient.id for patient in read_cohort(chbmit(tmp_path) / "chb21").patients] == ["chb21"]


def test_chb21_is_the_person_of_chb01(tmp_path: Path) -> None:
    assert {one.subject_id for one in read_cohort(chbmit(tmp_path)).recordings} == {"chb01"}


def test_what_is_left_out_is_said_with_the_reason(tmp_path: Path) -> None:
    write_edf(chbmit(tmp_path) / "chb01/chb01_99.edf")
    (tmp_path / "chb01/chb01_02.edf").write_bytes(b"0       truncated")
    reasons = {skipped.path.name: skipped.reason for skipped in read_cohort(tmp_path).skipped}
    assert "not there" in reasons["chb01_03.edf"]
    assert "no summary names it" in reasons["chb01_99.edf"]
    assert "too few" in reasons["chb01_02.edf"]


def test_a_seizure_beyond_the_end_is_left_out(tmp_path: Path) -> None:
    write_edf(tmp_path / "chb01_01.edf")
    write_summary(tmp_path / "chb01-summary.txt", {"chb01_01.edf": (None, [(3, 7), (10, 12)])})
    cohort = read_cohort(tmp_path)
    assert cohort.recordings[0].events == (SeizureEvent(3, 7),)
    assert [skipped.reason for skipped in cohort.skipped] == ["a seizure at 10 s lies outside its 10 s"]


def test_a_seizure_under_way_at_the_start_is_kept_and_one_that_is_over_is_not(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "a.edf")
    events = [SeizureEvent(-9, -5), SeizureEvent(-5, 3), SeizureEvent(7, 20)]
    write_szcore_tsv(tmp_path / "a.tsv", events, recording_duration_s=10)
    cohort = read_cohort(tmp_path)
    assert cohort.recordings[0].events == (SeizureEvent(-5, 3), SeizureEvent(7, 20))
    assert [one.reason for one in cohort.skipped] == ["a seizure at -9 s lies outside its 10 s"]
    assert inspect_path(path).recordings[0].problems == ("The seizure at -9 s lies outside its 10 s.",)
    assert inspect_path(tmp_path).patients[0].n_seizures == 2


def test_without_clocks_recordings_are_in_order_of_name(tmp_path: Path) -> None:
    names = ["chb24_02.edf", "chb24_10.edf", "chb24_9.edf"]
    for name in names:
        write_edf(tmp_path / name)
    write_summary(tmp_path / "chb24-summary.txt", {name: (None, []) for name in names})
    recordings = read_cohort(tmp_path).recordings
    assert [one.name for one in recordings] == ["chb24_02.edf", "chb24_9.edf", "chb24_10.edf"]
    assert {one.start_s for one in recordings} == {None}


def test_siena_is_recognised_and_its_misspelt_names_are_matched(tmp_path: Path) -> None:
    for number in (1, 2):
        write_edf(tmp_path / f"PN06/PN06-{number}.edf")
    (tmp_path / "PN06/Seizures-list-PN06.txt").write_text(
        "File name: PNO6-1.edf\nRegistration start time: 10.00.00\nRegistration end time: 10.00.10\n"
        "Seizure start time: 10.00.04\nSeizure end time: 10.00.06\n"
        "File name: PNO6-2.edf\nRegistration start time: 09.00.00\nRegistration end time: 09.00.10\n"
        "Seizure start time: 09.00.01\nSeizure end time: 09.00.02\n"
    )
    cohort = read_cohort(tmp_path)
    assert cohort.layout == "siena"
    assert [one.events for one in cohort.recordings] == [(SeizureEvent(4, 6),), (SeizureEvent(1, 2),)]
    assert [one.start_s for one in cohort.recordings] == [0, 23 * 3600]
    assert cohort.skipped == ()


@pytest.mark.parametrize(
    ("names", "files", "matched"),
    [
        (["PN01.edf"], ["PN01-1.edf"], {"PN01.edf": "PN01-1.edf"}),
        (["PN11-.edf"], ["PN11-1.edf"], {"PN11-.edf": "PN11-1.edf"}),
        (["PN01.edf"], ["PN01-1.edf", "PN01-2.edf"], {}),
        (
            ["PN06-1.edf", "PN06.edf"],
            ["PN06-1.edf", "PN06-2.edf"],
            {"PN06-1.edf": "PN06-1.edf", "PN06.edf": "PN06-2.edf"},
        ),
        (["PN06-3.edf"], ["PN06-1.edf"], {}),
    ],
)
def test_a_short_name_is_followed_only_without_a_choice(
    names: list[str], files: list[str], matched: dict[str, str]
) -> None:
    assert {name: path.name for name, path in match_names(names, [Path(name) for name in files]).items()} == matched


def test_bids_is_recognised(tmp_path: Path) -> None:
    for subject, session in (("sub-01", "ses-01"), ("sub-02", "")):
        stem = "_".join(part for part in (subject, session, "task-szMonitoring_run-00") if part)
        path = write_edf(tmp_path / subject / session / "eeg" / f"{stem}_eeg.edf")
        write_szcore_tsv(path.with_name(f"{stem}_events.tsv"), [SeizureEvent(2, 5)], recording_duration_s=10)
    write_edf(tmp_path / "derivatives/sub-01/eeg/sub-01_eeg.edf")
    (tmp_path / "participants.tsv").write_text("participant_id\tname\nsub-01\tSecret\n")
    cohort = read_cohort(tmp_path)
    assert cohort.layout == "bids"
    assert [(one.patient_id, one.events) for one in cohort.recordings] == [
        ("sub-01", (SeizureEvent(2, 5),)),
        ("sub-02", (SeizureEvent(2, 5),)),
    ]


def test_plain_folders_take_events_from_wherever_they_are(tmp_path: Path) -> None:
    for name in ("a/one.edf", "a/deep/two.edf", "b/three.edf"):
        write_edf(tmp_path / name)
    write_edf(tmp_path / "four.EDF", annotations=[(1.0, 3.0, "seizure")])
    write_szcore_tsv(tmp_path / "a/one_events.tsv", [SeizureEvent(1, 2)], recording_duration_s=10)
    write_szcore_tsv(tmp_path / "a/deep/two.tsv", [], recording_duration_s=10)
    (tmp_path / "b/three.csv_bi").write_text("channel,start_time,stop_time,label,confidence\nTERM,5,6,seiz,1\n")
    cohort = read_cohort(tmp_path)
    assert cohort.layout == "plain"
    assert {one.name: (one.patient_id, one.events) for one in cohort.recordings} == {
        "one.edf": ("a", (SeizureEvent(1, 2),)),
        "two.edf": ("a", ()),
        "three.edf": ("b", (SeizureEvent(5, 6, confidence=1.0),)),
        "four.EDF": ("four", (SeizureEvent(1, 4),)),
    }


def test_patients_of_tusz_are_told_by_their_file_names(tmp_path: Path) -> None:
    for patient in ("aaaaaaac", "aaaaaaaf"):
        path = write_edf(tmp_path / f"edf/train/{patient}/s001_2002/02_tcp_le/{patient}_s001_t000.edf")
        path.with_suffix(".csv_bi").write_text("channel,start_time,stop_time,label,confidence\nTERM,0,9,bckg,1\n")
    assert [patient.id for patient in read_cohort(tmp_path).patients] == ["aaaaaaac", "aaaaaaaf"]


def test_a_recording_whose_seizures_nobody_tells_is_left_out(tmp_path: Path) -> None:
    write_edf(tmp_path / "a.edf", annotations=[(1.0, 3.0, "seizure")])
    write_edf(tmp_path / "b.edf", annotations=[(1.0, 3.0, "eyes closed")])
    write_edf(tmp_path / "c.edf")
    (tmp_path / "c_events.tsv").write_text("garbled")
    cohort = read_cohort(tmp_path)
    assert [one.name for one in cohort.recordings] == ["a.edf"]
    reasons = {skipped.path.name: skipped.reason for skipped in cohort.skipped}
    assert "tell its seizures" in reasons["b.edf"]
    assert "no event table" in reasons["c_events.tsv"]


def test_a_recording_of_which_a_seizure_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    summary = chbmit(tmp_path / "chb-mit") / "chb01/chb01-summary.txt"
    summary.write_text(summary.read_text().replace("Number of Seizures in File: 0", "Number of Seizures in File: 9", 1))
    write_edf(tmp_path / "siena/PN99-1.edf")
    write_edf(tmp_path / "siena/PN99-2.edf")
    entry = "File name: PN99-{}.edf\nRegistration start time: 10.00.00\nRegistration end time: 10.00.10\n"
    (tmp_path / "siena/Seizures-list-PN99.txt").write_text(
        f"{entry.format(1)}Seizure start time: 99.99.99\n{entry.format(2)}Seizure start time: 10.00.01\n"
    )
    for name, lost in (("chb-mit", "chb01_01.edf"), ("siena", "PN99-1.edf")):
        cohort = read_cohort(tmp_path / name)
        assert lost not in {one.name for one in cohort.recordings}
        assert cohort.recordings
        assert any(one.path.name == lost and "cannot be read" in one.reason for one in cohort.skipped)


def test_what_a_model_found_is_not_taken_for_marks(tmp_path: Path) -> None:
    marked = write_edf(tmp_path / "own/marked.edf", annotations=[(1.0, 3.0, "seizure")])
    night = write_edf(tmp_path / "own/night.edf")
    for path in (marked, night):
        table = path.with_name(f"{path.stem}_events.tsv")
        write_szcore_tsv(table, [SeizureEvent(6, 9)], recording_duration_s=10, by_model=True)
    cohort = read_cohort(tmp_path)
    assert [(one.name, one.events) for one in cohort.recordings] == [("marked.edf", (SeizureEvent(1, 4),))]
    reasons = {skipped.path.name: skipped.reason for skipped in cohort.skipped}
    assert "model found" in reasons["night_events.tsv"]
    assert "tell its seizures" in reasons["night.edf"]
    assert "model found" in " ".join(inspect_path(night).problems)
    assert "model found" in inspect_path(night.with_name("night_events.tsv")).problems[0]


def test_no_sample_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a sample was read")

    chbmit(tmp_path)
    monkeypatch.setattr("eegwarn.signal.recording._read_uv", refuse)
    read_cohort(tmp_path)


def test_progress_counts_every_recording(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    read_cohort(chbmit(tmp_path), progress=lambda *step: steps.append(step))
    assert steps == [("read headers", number, 3) for number in (1, 2, 3)]


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path / "absent", lambda path: path / "file"])
def test_a_folder_without_recordings_is_one_clear_line(tmp_path: Path, make) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CohortError) as caught:
        read_cohort(make(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", RECORDING_SUFFIXES)
def test_no_format_that_is_looked_for_needs_another_package(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"garbled{suffix}"
    path.write_bytes(b"garbled" * 300)
    with pytest.raises(RecordingError) as caught:
        open_recording(path)
    assert "module" not in str(caught.value)


def test_a_recording_of_the_cohort_opens(tmp_path: Path) -> None:
    opened = read_cohort(chbmit(tmp_path)).recordings[0].open()
    assert isinstance(opened, Recording)
    assert opened.read_uv(0, 64).shape == (18, 64)


def test_an_unknown_patient_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="chb01, chb21"):
        read_cohort(chbmit(tmp_path)).patient("chb02")


def test_seizures_of_neighbouring_recordings_are_seen_across_the_gap() -> None:
    patient = patient_of("p", [1, 0, 1])
    assert [event.onset_s for event in patient.events_seen_from(patient.recordings[1])] == [-3600, 3600]
    assert [event.offset_s for event in patient.events_seen_from(patient.recordings[0])] == [20, 7220]


def test_the_fingerprint_changes_with_the_data_and_with_nothing_else(tmp_path: Path) -> None:
    first = read_cohort(chbmit(tmp_path / "one")).recordings
    moved = read_cohort(chbmit(tmp_path / "two")).recordings
    assert fingerprint(first) == fingerprint(moved[::-1])
    assert fingerprint(first) != fingerprint(first[1:])
    write_summary(tmp_path / "two/chb21/chb21-summary.txt", {"chb21_01.edf": ("10:00:00", [(1, 3)])})
    assert fingerprint(first) != fingerprint(read_cohort(tmp_path / "two").recordings)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=6, unique=True))
def test_names_are_ordered_by_their_numbers(numbers: list[int]) -> None:
    names = sorted((f"PN10-{number}.edf" for number in numbers), key=natural_key)
    assert names == [f"PN10-{number}.edf" for number in sorted(numbers)]
    assert natural_key("chb02_16.edf") < natural_key("chb02_16+.edf") < natural_key("chb02_17.edf")


def test_the_shared_layouts_are_recognised(shared_data: Path) -> None:
    folder = shared_data / "dataset_layouts"
    cohort = read_cohort(folder / "chbmit")
    assert (cohort.layout, [len(patient.recordings) for patient in cohort.patients]) == ("chb-mit", [39, 20])
    for patient in cohort.patients:
        # The dates in these headers are surrogates that keep the order.
        starts = [one.start for one in patient.recordings]
        assert all(start is not None and start.tzinfo is UTC for start in starts)
        elapsed = [(start - starts[0]).total_seconds() for start in starts if start and starts[0]]
        assert [one.start_s for one in patient.recordings] == elapsed
    siena = read_cohort(folder / "siena")
    assert (siena.layout, [len(patient.recordings) for patient in siena.patients]) == ("siena", [5, 2])
    assert len(siena.skipped) == 8


def test_dates_in_headers_put_recordings_in_order(tmp_path: Path) -> None:
    write_edf(tmp_path / "p/b.edf", start=datetime(2024, 3, 1, 10), annotations=[(1.0, 2.0, "seizure")])
    write_edf(tmp_path / "p/a.edf", start=datetime(2024, 3, 2, 9), annotations=[(1.0, 2.0, "seizure")])
    recordings = read_cohort(tmp_path).recordings
    assert [(one.name, one.start_s, one.position) for one in recordings] == [("b.edf", 0, 0), ("a.edf", 23 * 3600, 1)]
    assert edfio.read_edf(tmp_path / "p/a.edf").startdatetime == datetime(2024, 3, 2, 9)
