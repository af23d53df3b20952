"""What the README says can be done, can be done."""

import re
from pathlib import Path

import pytest

import eegwarn
from eegwarn.bedside import write_bundle
from eegwarn.cli import main
from eegwarn.events import read_szcore_tsv
from tests.app.examples import simulated_uv, write_edf
from tests.models import amplitude_model

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"(?<![\w./-])eegwarn ([a-z]+)", "\n".join(re.findall(r"`([^`\n]+)`", README)))))
)
def test_every_command_it_names_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0


BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS)
def test_its_lines_of_python_run(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(tmp_path / "model.eegwarn", amplitude_model())
    write_edf(tmp_path / "night.edf", simulated_uv())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert re.search(r"alarm at \d+ s, (warning )?level up to [01]\.\d\d", capsys.readouterr().out)
    if "write_szcore_tsv" in code:
        assert len(read_szcore_tsv(tmp_path / "warnings.tsv")) == 1
        assert (tmp_path / "levels.tsv").read_text().startswith("time_s")


def test_it_shows_five_lines_and_fifteen() -> None:
    assert [len(code.strip().splitlines()) for code in BLOCKS] == [6, 15]


def test_every_name_of_the_package_is_what_it_says() -> None:
    for name in eegwarn.__all__:
        assert getattr(eegwarn, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        eegwarn.absent  # noqa: B018


def test_every_file_and_folder_it_points_to_exists() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    folders = re.findall(r"^\| `([a-z/]+)` \|", README, re.MULTILINE)
    assert pictures
    assert folders
    for name in (*pictures, *folders):
        assert (ROOT / name).exists(), name
