"""The command line: help at once, results in text and JSON, and one line for bad input."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eegwarn.bedside import write_bundle
from eegwarn.cli import main
from eegwarn.events import read_szcore_tsv
from eegwarn.events.szcore import is_found_by_model
from tests.app.examples import SEIZURE_S, simulated_uv, write_edf
from tests.disks import disk_of
from tests.models import amplitude_model
from tests.signal.edf_files import ELECTRODES

COMMANDS = (
    "demo simulate inspect download train evaluate score "
    "query retrain train-policy quantize monitor dashboard benchmark"
).split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_bundle(folder / "model.eegwarn", amplitude_model())
    write_edf(folder / "night.edf", simulated_uv())
    return folder


def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eegwarn.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a command that must fail, and give the one line it says."""
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert code == 2, said
    assert "Traceback" not in said.err
    (line,) = [line for line in said.err.splitlines() if line.startswith("eegwarn: ")]
    return line


def test_help_takes_less_than_a_second_and_loads_nothing_heavy() -> None:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "eegwarn.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert time.perf_counter() - begin < 1
    assert all(command in done.stdout for command in COMMANDS)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"torch", "streamlit", "mne", "numpy", "scipy", "pydantic"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Usage: eegwarn" in capsys.readouterr().out


def test_score_finds_the_seizure_and_writes_a_table_and_levels(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, levels = tmp_path / "warnings.tsv", tmp_path / "levels.tsv"
    arguments = ["score", folder / "model.eegwarn", folder / "night.edf", "--out", out, "--probabilities", levels]
    assert main(list(map(str, arguments))) == 0
    said = capsys.readouterr()
    assert "1 alarm in 0:03:00" in said.out
    assert said.err.count("\n") < 5
    (event,) = read_szcore_tsv(out)
    assert is_found_by_model(out), "warnings must not be learned from as marks"
    assert SEIZURE_S[0] <= event.onset_s <= SEIZURE_S[0] + 10
    rows = [line.split("\t") for line in levels.read_text().splitlines()]
    assert rows[0] == ["time_s", "probability"]
    assert rows[1] == ["4.000", "n/a"], "filters settle: that is not the same as calm"
    at = {float(time_s): level for time_s, level in rows[1:]}
    assert float(at[60.0]) < 0.5 < float(at[110.0])


def test_score_gives_json_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(folder / "model.eegwarn"), str(folder / "night.edf"), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["duration_s"] == 180
    assert len(table["alarms"]) == 1
    assert table["probability"][0] is None


def test_results_are_not_overwritten_unasked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "warnings.tsv"
    out.write_text("mine")
    arguments = ("score", folder / "model.eegwarn", folder / "night.edf", "--out", out)
    assert "--overwrite" in refused(capsys, *arguments)
    assert out.read_text() == "mine"
    assert main([*map(str, arguments), "--overwrite"]) == 0
    assert out.read_text() != "mine"


def test_score_names_the_derivations_that_nobody_watched(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = {name: row for name, row in simulated_uv(60).items() if name[-5] in "13579zZ"}
    path = write_edf(tmp_path / "half.edf", half)
    assert "--set signal.missing=mask" in refused(capsys, "score", folder / "model.eegwarn", path)
    assert main(["score", str(folder / "model.eegwarn"), str(path), "--set", "signal.missing=mask"]) == 0
    said = capsys.readouterr().out
    assert "NOT WATCHED" in said
    assert all(name in said for name in ("FP2-F8", "C4-P4"))
    assert "FP1-F7" not in said


def test_what_is_read_is_never_written_over(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    model, night, new = folder / "model.eegwarn", folder / "night.edf", tmp_path / "new.tsv"
    for outputs in (["--out", night], ["--out", model], ["--out", new, "--probabilities", new]):
        assert "written over" in refused(capsys, "score", model, night, *outputs, "--overwrite")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_does_not_exist_is_said_before_the_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "no such folder" / "w.tsv"
    assert "there is no folder" in refused(
        capsys, "score", folder / "model.eegwarn", folder / "absent.edf", "--out", out
    )


def test_results_follow_the_umask(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "private.tsv"
    before = os.umask(0o077)
    try:
        assert main(["score", str(folder / "model.eegwarn"), str(folder / "night.edf"), "--out", str(out)]) == 0
    finally:
        os.umask(before)
    assert out.stat().st_mode & 0o777 == 0o600


def test_inspect_tells_people_and_machines_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder / "night.edf")]) == 0
    assert "256 Hz" in capsys.readouterr().out
    assert main(["inspect", str(folder / "night.edf"), "--json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)
    assert "night.edf" in json.dumps(table)


def bad_recordings(folder: Path, good: bytes) -> dict[str, Path]:
    def corrupt(name: str, content: bytes) -> Path:
        path = folder / f"{name}.edf"
        path.write_bytes(content)
        return path

    silent = {f"EEG {name}": np.zeros(256 * 60) for name in ELECTRODES}
    return {
        "empty": corrupt("empty", b""),
        "text": corrupt("text", b"Dear colleague,\nplease find attached the EEG.\n" * 50),
        "truncated": corrupt("truncated", good[: len(good) // 2]),
        "inside_header": corrupt("inside_header", good[:1000]),
        "wrong_count": corrupt("wrong_count", good[:236] + b"12345   " + good[244:]),
        "no_channels": corrupt("no_channels", good[:252] + b"0   " + good[256:]),
        "not_eeg": write_edf(folder / "not_eeg.edf", {"ECG": np.arange(2560.0) % 100}),
        "too_short": write_edf(folder / "too_short.edf", {key: row[:512] for key, row in simulated_uv(2).items()}),
        "half_montage": write_edf(folder / "half_montage.edf", {"EEG Cz": silent["EEG Cz"] + np.arange(15360) % 50}),
        "absent": folder / "absent.edf",
    }


def test_a_bad_recording_gives_one_line_and_leaves_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, path in bad_recordings(tmp_path, (folder / "night.edf").read_bytes()).items():
        out = tmp_path / f"{name}.tsv"
        line = refused(capsys, "score", folder / "model.eegwarn", path, "--out", out)
        assert path.stem in line, line
        assert not list(tmp_path.glob(f"*{name}.tsv*"))


@pytest.mark.parametrize("fault", ["nan", "flat", "saturated"])
def test_a_recording_that_cannot_be_judged_is_a_fault_and_never_calm(
    fault: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from eegwarn.bedside import read_bundle, score_recording
    from tests.signal.edf_files import noise_uv, recording_of

    samples = {
        "flat": np.zeros((19, 256 * 60)),
        "saturated": np.clip(noise_uv(19, 256 * 60) * 300, -800, 800),
        "nan": np.full((19, 256 * 60), np.nan),
    }[fault]
    if fault == "nan":
        # EDF holds integers, so NaN reaches us through other formats and live streams only.
        scored = score_recording(read_bundle(folder / "model.eegwarn"), recording_of(samples))
        assert np.isnan(scored.probability).all()
        assert scored.faults
        return
    path = write_edf(
        tmp_path / f"{fault}.edf", {f"EEG {name}": row for name, row in zip(ELECTRODES, samples, strict=True)}
    )
    assert main(["score", str(folder / "model.eegwarn"), str(path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert all(level is None for level in table["probability"])
    assert table["faults"]
    assert main(["score", str(folder / "model.eegwarn"), str(path)]) == 0
    assert "FAULT" in capsys.readouterr().out


def test_a_model_that_is_none_gives_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.eegwarn").write_text("not a model")
    whole = (folder / "model.eegwarn").read_bytes()
    (tmp_path / "cut.eegwarn").write_bytes(whole[:-100])
    os.mkfifo(tmp_path / "pipe.eegwarn")
    for name in ("text", "cut", "absent", "pipe"):
        assert name in refused(capsys, "score", tmp_path / f"{name}.eegwarn", folder / "night.edf")


def test_a_place_that_cannot_be_written_gives_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inside_a_file = folder / "night.edf" / "out.tsv"
    assert "cannot be" in refused(
        capsys, "score", folder / "model.eegwarn", folder / "night.edf", "--out", inside_a_file
    )
    assert "cannot be" in refused(
        capsys, "simulate", folder / "night.edf" / "cohort", "--patients", "1", "--hours", "0.1"
    )
    assert "cannot be" in refused(capsys, "demo", "--out", folder / "night.edf" / "demo", "--no-app")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk_of("200k", tmp_path) as disk:
        yield disk


def test_a_full_disk_gives_one_line_and_leaves_nothing(
    small_disk: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "simulate", small_disk, "--patients", "1", "--hours", "0.1")
    assert "No space left" in line
    assert not list(small_disk.rglob("*.edf*"))
    with contextlib.suppress(OSError), (small_disk / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(b"0" * 512)
    out = small_disk / "warnings.tsv"
    line = refused(capsys, "score", folder / "model.eegwarn", folder / "night.edf", "--out", out)
    assert "No space left" in line
    assert not list(small_disk.glob("*warnings*"))


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["bogus"], "bogus"),
        (["score"], "Missing argument"),
        (["simulate", "x", "--seed", "-1"], "--seed"),
        (["simulate", "x", "--patients", "0"], "0"),
        (["simulate", "x", "--set", "seizure_per_hour=1"], "seizures_per_hour"),
        (["train", "absent", "--out", "m.eegwarn", "--set", "windows.hopp_s=2"], "windows.hop_s"),
        (["train", "absent", "--out", "m.eegwarn", "--set", "windows.hop_s"], "key=value"),
        (["train", "absent", "--out", "m.eegwarn", "--config", "bogus"], "bogus"),
        (["evaluate", "absent.eegwarn", "absent"], "absent"),
        (["inspect", "absent.edf"], "absent.edf"),
        (["benchmark", "sped"], "speed"),
        (["dashboard", "--address", "0.0.0.0", "--headless"], "login"),
        (["dashboard", "--port", "70000"], "70000"),
    ],
)
def test_a_wrong_word_gives_one_line_with_a_hint(
    arguments: list[str], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hint in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_with_one_line(tmp_path: Path) -> None:
    import signal

    # What runs tests in the background may have told its children to ignore the signal.
    run_by = ["env", "--default-signal=INT", sys.executable, "-m", "eegwarn.cli"]
    command = [*run_by, "simulate", str(tmp_path / "c"), "--patients", "9", "--hours", "24"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob("*.edf*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "eegwarn: Interrupted. Run the same command again to go on."
    assert "Traceback" not in err


def test_a_reader_that_leaves_early_is_no_error(folder: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m eegwarn.cli score {folder / 'model.eegwarn'} {folder / 'night.edf'} --json | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_without_the_training_extra_a_command_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    done = run("train", folder, "--out", tmp_path / "m.eegwarn", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "eegwarn: This command needs torch, which is not installed. Run: pip install 'eegwarn[train]'"
    )
