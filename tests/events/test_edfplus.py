import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.errors import EventsError, OutputError
from eegwarn.events import SeizureEvent, events_from_marks, export_edfplus, in_time_order
from eegwarn.signal.channels import Channel
from eegwarn.signal.recording import Mark, Recording, open_recording
from tests.events.strategies import seizure_events


def found(*marks: tuple[float, float, str]) -> list[tuple[float, float | None]]:
    return [(event.onset_s, event.offset_s) for event in events_from_marks([Mark(*mark) for mark in marks])]


@pytest.mark.parametrize(
    "text", ["Seizure", "SEIZURE onset", "sz", "sz_foc_ia", "EEG onset", "onset", "Sz start", "seizure begins"]
)
def test_an_onset_alone_gives_an_event_without_an_offset(text: str) -> None:
    assert found((350.0, 0.0, text)) == [(350.0, None)]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("seizure start", "seizure end"),
        ("Seizure Onset", "Seizure Offset"),
        ("onset", "offset"),
        ("SZ_START", "SZ_END"),
        ("seizure", "end of seizure"),
        ("Sz begins", "sz stops"),
    ],
)
def test_a_pair_of_marks_gives_one_event(begin: str, end: str) -> None:
    assert found((10.0, 0.0, begin), (60.0, 0.0, end), (90.0, 0.0, begin)) == [(10.0, 60.0), (90.0, None)]


def test_a_mark_with_a_duration_is_whole() -> None:
    assert found((10.0, 25.0, "seizure")) == [(10.0, 35.0)]
    assert found((10.0, 25.0, "seizure onset")) == [(10.0, 35.0)]


def test_a_pair_goes_before_the_durations_of_its_marks() -> None:
    assert found((10.0, 1.0, "seizure onset"), (60.0, 1.0, "seizure end")) == [(10.0, 60.0)]


@pytest.mark.parametrize(
    "text", ["seizure, patient not responding", "seizure over left temporal", "Sz after photic stimulation"]
)
def test_a_remark_beside_the_word_does_not_unmake_a_seizure(text: str) -> None:
    assert found((10.0, 0.0, text)) == [(10.0, None)]


def test_a_clinical_onset_belongs_to_the_electrographic_one_before_it() -> None:
    marks = ((10.0, 0.0, "EEG seizure onset"), (14.0, 0.0, "clinical seizure onset"), (50.0, 0.0, "seizure end"))
    assert found(*marks) == [(10.0, 50.0)]


@pytest.mark.parametrize(
    "text",
    [
        "no seizure",
        "without any clinical seizure",
        "Seizure-free night",
        "postictal",
        "post-seizure slowing",
        "pre-ictal",
        "interictal spikes",
        "eyes closed",
        "seizure?",
        "bckg",
        "start",
    ],
)
def test_other_texts_are_no_seizures(text: str) -> None:
    assert found((10.0, 5.0, text), (20.0, 0.0, text)) == []


def test_an_end_without_a_start_is_passed_over() -> None:
    assert found((10.0, 0.0, "seizure end")) == []


@given(
    st.lists(
        st.tuples(st.floats(), st.floats(), st.sampled_from(["onset", "seizure end", "sz"]) | st.text(max_size=30))
    )
)
def test_no_text_makes_reading_marks_fail(marks: list[tuple[float, float, str]]) -> None:
    events = events_from_marks([Mark(*mark) for mark in marks])
    assert len(events) <= len(marks)


def recording(n_times: int, sfreq: float = 100.0, *, start: datetime | None = None, n_channels: int = 2) -> Recording:
    channels = tuple(Channel(name) for name in ("FP1", "F7", "T7", "P7")[:n_channels])

    def read_uv(begin: int, stop: int) -> np.ndarray:
        phase = np.arange(begin, stop) / sfreq
        return np.stack([50 * (row + 1) * np.sin(phase * (row + 1)) + row for row in range(n_channels)]).astype(
            np.float32
        )

    return Recording("a", sfreq, channels, n_times, read_uv, start=start, marks=(Mark(1.0, 0.0, "J. Doe awake"),))


@settings(max_examples=15)
@given(st.lists(seizure_events(), max_size=5), st.integers(1, 800), st.sampled_from([100.0, 256.0, 173.61]))
def test_an_exported_recording_comes_back(
    tmp_path_factory: pytest.TempPathFactory, events: list[SeizureEvent], n_times: int, sfreq: float
) -> None:
    original, path = recording(n_times, sfreq), tmp_path_factory.mktemp("edf") / "a.edf"
    export_edfplus(original, events, path)
    back = open_recording(path)
    assert back.channels == original.channels
    assert back.n_times >= n_times
    step_uv = 202 / 65535
    np.testing.assert_allclose(back.read_uv(0, n_times), original.read_uv(0, n_times), atol=step_uv)
    annotations = edfio.read_edf(path).annotations
    wanted = [(event.onset_s, event.duration_s, event.kind) for event in in_time_order(events)]
    assert sorted(annotations, key=str) == sorted(wanted, key=str)


def test_an_export_says_nothing_of_the_patient(tmp_path: Path) -> None:
    start = datetime(2024, 3, 1, 22, 30, 5, tzinfo=UTC)
    export_edfplus(recording(500, start=start), [SeizureEvent(1.0, 2.0)], tmp_path / "a.edf")
    edf = edfio.read_edf(tmp_path / "a.edf")
    assert edf.local_patient_identification == "X X X X"
    assert edf.startdatetime == start.replace(tzinfo=None)
    assert b"Doe" not in (tmp_path / "a.edf").read_bytes()


def test_samples_that_are_not_numbers_become_zero(tmp_path: Path) -> None:
    data = np.full((1, 200), 7.0, dtype=np.float32)
    data[0, :50] = np.nan
    data[0, 50:60] = np.inf
    gap = Recording("a", 100.0, (Channel("CZ"),), 200, lambda start, stop: data[:, start:stop].copy())
    export_edfplus(gap, [], tmp_path / "a.edf")
    back = open_recording(tmp_path / "a.edf").read_uv(0, 200)
    np.testing.assert_allclose(back[0, :60], 0, atol=1e-3)
    np.testing.assert_allclose(back[0, 60:], 7, atol=1e-3)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    peaks = []
    for minutes in (5, 40):
        long = recording(minutes * 6000, n_channels=4)
        tracemalloc.start()
        export_edfplus(long, [], tmp_path / "a.edf")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_seizure_under_way_at_the_start_is_written_from_there_on(tmp_path: Path) -> None:
    export_edfplus(recording(500), [SeizureEvent(-5.0, 3.0)], tmp_path / "a.edf")
    assert events_from_marks(open_recording(tmp_path / "a.edf").marks) == (SeizureEvent(0.0, 3.0),)


@pytest.mark.parametrize("early", [SeizureEvent(-5.0), SeizureEvent(-5.0, -1.0)])
def test_an_event_before_the_recording_is_refused(tmp_path: Path, early: SeizureEvent) -> None:
    with pytest.raises(EventsError, match="before the recording"):
        export_edfplus(recording(100), [early], tmp_path / "a.edf")
    with pytest.raises(OutputError):
        export_edfplus(recording(100), [], tmp_path / "absent" / "a.edf")
    assert list(tmp_path.iterdir()) == []


def test_the_mark_of_a_real_recording_is_found(shared_data: Path) -> None:
    marks = open_recording(shared_data / "michigan_tle/michigan_tle.edf").marks
    assert events_from_marks(marks) == (SeizureEvent(350.0),)
