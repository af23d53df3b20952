"""What the README says can be done, can be done."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

import eegwarn
from eegwarn.bedside import write_bundle
from eegwarn.cli.entry import app
from eegwarn.events import read_szcore_tsv
from tests import first_hour
from tests.app.examples import simulated_uv, write_edf
from tests.models import amplitude_model

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


COMMANDS: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]

RUN_ELSEWHERE = {"download": "tests/cohort/test_download.py"}
"""Where a command is run that the first hour cannot run, as it needs the network."""

NEVER_RUN = {"train-policy"}
"""Minutes at its quickest: what it is made of has tests, the command itself none."""


def shown_commands() -> list[str]:
    """Give every command line in the README, what may be left out as well, and options named beside it in its row."""
    lines = []
    for line in README.replace("\\|", "/").splitlines():
        found = re.findall(r"`(?:torchrun [^`]*-m eegwarn\.cli|eegwarn) ([a-z][^`]*)`", line)
        lines += found
        if line.startswith("| `eegwarn "):
            options = [part for part in re.findall(r"`([^`]+)`", line) if part.startswith("--")]
            lines += [f"{found[0]} {option}" for option in options]
    return sorted({line.strip(" ….") for line in lines})


def parsers_of(words: list[str]) -> list[tuple[Any, list[str]]]:
    """Give the parser of a command and what it parses; where several are shown as one (list/import), each."""
    first, *rest = words
    if not hasattr(COMMANDS[first], "commands"):
        return [(COMMANDS[first], rest)]
    return [(COMMANDS[first].commands[name], rest[1:]) for name in rest[0].split("/")]


def names_of(words: list[str]) -> list[str]:
    if words[0] not in ("labels", "alarms"):
        return [words[0]]
    return [f"{words[0]} {name}" for name in words[1].split("/")]


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_it_shows_parses_and_is_run_by_the_first_hour_or_a_test(line: str) -> None:
    words = shlex.split(line.replace("[", "").replace("]", "").replace("...", ""))
    options = [word for word in words if word.startswith("--")]
    taking = [
        (parser, arguments)
        for parser, arguments in parsers_of(words)
        if all(any(option in known.opts for known in parser.params) for option in options)
    ]
    assert taking, f"no command takes all of {options}"
    if len(words) > len(names_of(words)[0].split()) and "/" not in line:
        ((parser, arguments),) = taking
        parser.make_context(words[0], list(arguments))
    tried = [*first_hour.readme_commands(), *map(shlex.split, first_hour.ALSO)]
    run = {first_hour.name_of(command) for command in tried}
    for name in names_of(words):
        is_run_elsewhere = name in RUN_ELSEWHERE and f'"{name}"' in (ROOT / RUN_ELSEWHERE[name]).read_text()
        assert name in run or is_run_elsewhere or name in NEVER_RUN


def test_the_first_hour_is_ten_commands_of_which_the_demo_is_the_first() -> None:
    commands = first_hour.readme_commands()
    assert len(commands) == 10
    assert commands[0] == ["demo"]


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
