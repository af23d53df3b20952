"""What ``eegwarn monitor`` watches and stores as its options and ``beds.toml`` say, as a process."""

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from eegwarn.bedside import read_bundle, score_recording, write_bundle
from eegwarn.bedside.bundle import Bundle, ModelConfig
from eegwarn.bedside.log import AlarmRow, LevelRow
from eegwarn.cli.entry import main
from eegwarn.signal import open_recording
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import present_beds
from eegwarn.store.beds import bed_log, faults_between, levels_between
from eegwarn.store.models import add_model
from eegwarn.store.promotions import present_promotions, present_watches, promote
from eegwarn.warning import AlarmConfig
from tests.models import amplitude_onnx
from tests.monitoring import COMMAND, ROOT, process, stored, write_model, write_night

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "small.eegwarn")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_night(tmp_path / "night.edf")


def test_a_played_file_gives_what_score_gives_and_needs_no_torch(model: Path, recording: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    blocked = (
        "import importlib.abc, sys\n"
        "class Blocked(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'streamlit', 'sklearn', 'safetensors', 'mne_lsl', 'pandas'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    options = ["--source", recording, "--speed", "inf", "--json", "--bed", "bed 7", "--store", store]
    done = subprocess.run(
        [sys.executable, "-c", blocked + COMMAND, "monitor", model, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    scored = score_recording(read_bundle(model), open_recording(recording))
    levels = [np.nan if each["level"] is None else each["level"] for each in told if each["what"] == "level"]
    np.testing.assert_allclose(levels, scored.probability, atol=1e-6)
    assert len(scored.alarms) == 1
    start = open_recording(recording).start or UNKNOWN_START
    opened = open_store(store)
    latest = bed_log(opened, "bed 7").latest_alarm()
    assert latest == AlarmRow(
        start + timedelta(seconds=scored.alarms[0].raised_s),
        start + timedelta(seconds=scored.alarms[0].cleared_s or 0),
        pytest.approx(scored.alarms[0].peak_probability),
    )
    rows = levels_between(opened, "bed 7", start, start + timedelta(days=1))
    assert len(rows) == len(scored.probability)
    faults = faults_between(opened, "bed 7", start, start + timedelta(days=1))
    assert [(row.start_at - start).total_seconds() for row in faults] == [fault.start_s for fault in scored.faults]
    (shown,) = present_beds(opened)
    assert shown.heartbeat is not None
    assert shown.heartbeat.recording_has_ended
    opened.close()


@pytest.mark.parametrize(
    ("options", "above", "n_hours_ago", "n_days_ago"),
    [
        ([], "", 60, 1),
        (["--keep-whole-hours", "1"], "", 1, 1),
        ([], "keep_whole_hours = 1\nkeep_days = 1\n", 1, 0),
        (["--keep-days", "30", "--keep-whole-hours", "6"], "keep_whole_hours = 1\nkeep_days = 1\n", 60, 1),
    ],
)
def test_levels_are_kept_for_as_long_as_options_or_beds_toml_say(
    model: Path, recording: Path, tmp_path: Path, options: list[str], above: str, n_hours_ago: int, n_days_ago: int
) -> None:
    store, beds = tmp_path / "store.db", tmp_path / "beds.toml"
    beds.write_text(f'{above}["b"]\nsource = "night.edf"\nspeed = 0\n')
    start = open_recording(recording).start or UNKNOWN_START
    hours_ago, days_ago = start - timedelta(hours=2), start - timedelta(days=3)
    opened = open_store(store)
    rows = [LevelRow(at + timedelta(seconds=second), 0.5) for at in (days_ago, hours_ago) for second in range(60)]
    bed_log(opened, "b").write(levels=rows, alarms=[], faults=[])
    running = process(model, "--beds", beds, "--store", store, *options)
    _, err = running.communicate()
    assert running.returncode == 0, err
    minute = timedelta(minutes=1)
    assert len(levels_between(opened, "b", hours_ago, hours_ago + minute)) == n_hours_ago
    assert len(levels_between(opened, "b", days_ago, days_ago + minute)) == n_days_ago
    opened.close()


def test_many_beds_are_watched_and_one_that_fails_leaves_the_others(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    store, beds = tmp_path / "store.db", tmp_path / "beds.toml"
    beds.write_text(
        '["bed 1"]\nsource = "night.edf"\nspeed = 0\n["bed 2"]\nsource = "night.edf"\nspeed = 60\n'
        'model = "small.eegwarn"\n'
    )
    done = process(model, "--beds", beds, "--store", store, "--json")
    out, err = done.communicate()
    assert done.returncode == 0, err
    told = [json.loads(line) for line in out.splitlines()]
    for bed in ("bed 1", "bed 2"):
        assert sum(line["what"] == "level" for line in told if line["bed"] == bed) == 87
    alarms, n_levels = stored(store)
    assert (len(alarms), n_levels) == (2, 174)


def test_a_promoted_model_watches_from_the_next_start_and_the_named_one_where_it_cannot(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    place, new = tmp_path / "store.db", tmp_path / "new.eegwarn"
    deaf = Bundle(ModelConfig(alarm=AlarmConfig(threshold=0.999999)), amplitude_onnx(slope=0.001), b"weights")
    write_bundle(new, deaf)
    options = (model, "--source", recording, "--speed", 0, "--bed", "b", "--store", place, "--json")

    def watched() -> tuple[list[str], list[str]]:
        done = process(*options)
        out, err = done.communicate()
        assert done.returncode == 0, err
        told = [json.loads(line) for line in out.splitlines()]
        return [line["reason"] for line in told if line["what"] == "model"], [
            line["what"] for line in told if line["what"] == "alarm"
        ]

    said, raised = watched()
    assert (said, bool(raised)) == ([], True)
    store = open_store(place)
    assert present_watches(store)["b"].path == model
    promote(store, ["b"], add_model(store, new, by="head").id, by="head")
    (said, raised) = watched()
    assert raised == []
    assert said == [f"{str(new)!r}, promoted by head on {day(store)}, in place of {str(model)!r}"]
    assert present_watches(store)["b"].fingerprint == present_promotions(store)["b"].fingerprint
    shutil.copy(model, new)
    ((said,), raised) = watched()
    assert raised
    assert "the file holds another model by now" in said
    assert present_watches(store)["b"].path == model
    store.close()


def day(store: Store) -> str:
    return present_promotions(store)["b"].at.strftime("%Y-%m-%d %H:%M UTC")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give either --source"),
        (["--source", "a.edf", "--beds", "b.toml"], "Give either --source"),
        (["--source", "nowhere.edf"], "does not exist"),
        (["--source", "lsl:"], "names nothing"),
        (["--source", "a.edf", "--speed", "-1"], "speed = -1.0 must be"),
        (["--beds", "nowhere.toml"], "cannot be read"),
        (["--source", "lsl:EEG", "--bed", " 7"], "A bed's name has 1 to 64 characters"),
        (["--source", "lsl:EEG", "--keep-days", "0.1"], "keep_days = 0.1 must lie in [1, 36500]"),
        (
            ["--source", "lsl:EEG", "--keep-whole-hours", "0"],
            "keep_whole_hours = 0.0 must lie in [1, 24 keep_days = 720]",
        ),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_is_watched(
    model: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["monitor", str(model), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_beds_without_a_model_say_how_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beds = tmp_path / "beds.toml"
    for text, message in (
        ('["bed 1"]\nsource = "a.edf"\n', "No model was given for bed 1"),
        ("", "must have a table for each bed"),
        ('["bed 1"]\nsorce = "a.edf"\n', "Did you mean 'bed 1.source'"),
        ('keep_dys = 9\n["bed 1"]\nsource = "a.edf"\n', "Did you mean 'keep_days'"),
        ('keep_days = "long"\n["bed 1"]\nsource = "a.edf"\n', "keep_days = 'long' is not allowed"),
        ('keep_days = 0\n["bed 1"]\nsource = "a.edf"\n', "keep_days = 0.0 must lie in [1, 36500]"),
    ):
        beds.write_text(text)
        assert main(["monitor", "--beds", str(beds)]) == 2
        assert message in capsys.readouterr().err
