from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, read_siena_list

HEAD = "PN99\n\nData Sampling Rate: 512 Hz\n\nChannels in EDF files:\nChannel 1: Fp1\n\nSeizure n 1 (in sleep):\n"


def read(tmp_path: Path, text: str) -> tuple[dict[str, tuple[SeizureEvent, ...]], tuple[str, ...]]:
    path = tmp_path / "Seizures-list-PN99.txt"
    path.write_text(HEAD + text)
    seizures = read_siena_list(path)
    return seizures.events, seizures.problems


def block(name: str = "PN99-1.edf", times: tuple[str, ...] = ("19.39.33", "20.22.58", "19.58.36", "19.59.46")) -> str:
    return (
        f"File name: {name} \nRegistration start time: {times[0]}\nRegistration end time:  {times[1]}\n"
        f"Seizure start time: {times[2]} \nSeizure end time:{times[3]}\n"
    )


def test_times_of_day_become_seconds_from_the_registration(tmp_path: Path) -> None:
    assert read(tmp_path, block()) == ({"PN99-1.edf": (SeizureEvent(1143, 1213),)}, ())


def test_colons_and_stray_blanks_are_read_alike(tmp_path: Path) -> None:
    typed = block(times=("19:39:33", "20.22.58", "1 9.58.36", "19:59.46"))
    assert read(tmp_path, typed) == read(tmp_path, block())


def test_registrations_and_seizures_run_over_midnight(tmp_path: Path) -> None:
    events, problems = read(tmp_path, block(times=("22.00.00", "02.00.00", "23.59.30", "00.00.10")))
    assert events == {"PN99-1.edf": (SeizureEvent(7170, 7210),)}
    assert problems == ()
    events, _ = read(tmp_path, block(times=("22.00.00", "02.00.00", "00.30.00", "00.31.00")))
    assert events == {"PN99-1.edf": (SeizureEvent(9000, 9060),)}


def test_several_seizures_may_share_one_registration(tmp_path: Path) -> None:
    later = "\nSeizure n 2\nStart time: 20:00:00\nEnd time: 20:01:00\n"
    assert read(tmp_path, block() + later)[0]["PN99-1.edf"] == (SeizureEvent(1143, 1213), SeizureEvent(1227, 1287))
    named_again = "\nSeizure n 2\nFile name: PN99-1.edf\nSeizure start time: 20:00:00\nSeizure end time: 20:01:00\n"
    assert read(tmp_path, block() + named_again) == read(tmp_path, block() + later)


def test_an_end_after_the_registration_is_not_believed(tmp_path: Path) -> None:
    events, problems = read(tmp_path, block(times=("18.15.44", "18.57.13", "18.28.29", "19.29.29")))
    assert events == {"PN99-1.edf": (SeizureEvent(765),)}
    assert "no end inside" in problems[0]


def test_a_seizure_outside_its_registration_is_left_out(tmp_path: Path) -> None:
    events, problems = read(tmp_path, block(times=("18.15.44", "18.57.13", "17.00.00", "17.01.00")))
    assert events == {"PN99-1.edf": ()}
    assert "outside the registration" in problems[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("File name: a.edf\nSeizure start time: 10.00.00\nSeizure end time: 10.01.00\n", "start is missing"),
        ("Seizure start time: 10.00.00\nSeizure end time: 10.01.00\n" + block(), "belongs to no file"),
        (block() + "Seizure start time: 25.00.00\n", "no time of day"),
        (block() + "Seizure end time: 20.00.00\n", "never began"),
        (block() + "Seizure: 20.00.00\n", "neither a start nor an end"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, text: str, problem: str) -> None:
    assert any(problem in one for one in read(tmp_path, text)[1])


@pytest.mark.parametrize("line", ["start time: 99.99.99", "onset: soon", "start time: 10.00.00", "end time: 20.00.00"])
def test_a_recording_of_which_a_seizure_is_lost_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "Seizures-list-PN99.txt"
    path.write_text(HEAD + block() + f"Seizure {line}\n" + block("PN99-2.edf"))
    assert read_siena_list(path).incomplete == {"PN99-1.edf"}


def test_a_list_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="no seizure list"):
        read(tmp_path, "Seizure start time: 10.00.00")


@given(st.integers(0, 86399), st.integers(120, 80000), st.data())
def test_any_seizure_inside_its_registration_is_found(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, data: st.DataObject
) -> None:
    onset = data.draw(st.integers(0, length - 1))
    offset = data.draw(st.integers(onset, length))
    separator = data.draw(st.sampled_from(".:"))
    clocks = []
    for time in (start, start + length, start + onset, start + offset):
        hours, rest = divmod(time % 86400, 3600)
        clocks.append(f"{hours:02d}{separator}{rest // 60:02d}{separator}{rest % 60:02d}")
    events, problems = read(tmp_path_factory.mktemp("siena"), block(times=tuple(clocks)))
    assert events == {"PN99-1.edf": (SeizureEvent(onset, offset),)}
    assert problems == ()


def test_the_published_lists_are_read(shared_data: Path) -> None:
    folder = shared_data / "dataset_layouts/siena"
    first = read_siena_list(folder / "PN00/Seizures-list-PN00.txt")
    onsets = {name: [event.onset_s for event in events] for name, events in first.events.items()}
    assert onsets == {f"PN00-{n}.edf": [s] for n, s in zip(range(1, 6), (1143, 1220, 765, 1006, 904), strict=True)}
    assert [problem[:10] for problem in first.problems] == ["PN00-3.edf"]
    second = read_siena_list(folder / "PN16/Seizures-list-PN16.txt")
    assert second.events["PN16-2.edf"] == (SeizureEvent(8574, 8681),)
    assert second.problems == ()
