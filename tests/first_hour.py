"""The first hour of somebody new, as the README has it: its commands in a shell, and what they lead to in a browser.

    python -m tests.first_hour DEMO EEGWARN

DEMO is the folder that ``eegwarn demo --no-app`` left, not used since, and EEGWARN the command to try. The commands are
read from the README; to some a setting is added that shortens them. Prints a line a step, and ends at what fails.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any

from eegwarn.store import open_store
from eegwarn.store.alarms import alarms_between
from eegwarn.store.answer import Label
from eegwarn.store.labels import label_log
from training.benchmarks.browser import free_port, missing, open_chromium

README = Path(__file__).parents[1] / "README.md"
N_CLIPS = 20
LABELS = (Label.SEIZURE, Label.NOT_SEIZURE, Label.ARTEFACT, Label.UNSURE)
SHORTENED = {
    "retrain": ("--set", "method=plain", "--set", "steps=20", "--set", "validate_every=10"),
    "dashboard": ("--headless",),
    # A level that every EEG reaches now and then: that an alarm comes must not hang on the model.
    "monitor": (
        "--set",
        "alarm.threshold=0.1",
    ),
}
"""What is added to the README's commands here, by command."""

ALSO = (
    "train {demo}/cohort --out short.eegwarn --config demo --method plain --set steps=10 --set validate_every=10",
    "simulate simulated --patients 1 --hours 0.2 --seed 7",
    "evaluate new-small.eegwarn simulated --include-seen --html report.html",
    "query new.eegwarn {demo}/cohort --budget 4 --strategy margin --store {demo}/store.db",
    "labels import labels.tsv --data {demo}/cohort --store other.db",
    "benchmark",
)
"""Commands that the README names elsewhere, tried here with what the first hour made."""

_WITH_CLIP = ".annotator[data-clip]:not([data-clip=''])"
_DRAWN = ".traces[data-drawn=true]"
_PAGES = {
    "Monitor": "text=No bed is watched yet",
    "Recording": _DRAWN,
    "Annotate": _WITH_CLIP,
    "Patients": "text=Seizures and warnings",
    "Try it": "input[type=file]",
    "Models": "text=Old against new",
}
"""What each page shows of an untouched demo."""


@dataclass(frozen=True)
class Shell:
    """Where commands are typed: ``eegwarn`` is the command tried, ``cwd`` the folder that holds the demo's."""

    eegwarn: str
    cwd: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command; what it says comes through a pipe."""
        kept = {key: value for key, value in os.environ.items() if key not in ("EEGWARN_STORE", "EEGWARN_FOLDER")}
        return subprocess.Popen(
            [self.eegwarn, *arguments],
            cwd=self.cwd,
            # A store of the user's own would be made here: that none is, is checked at the end.
            env={**kept, "XDG_DATA_HOME": str(self.cwd / "own")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run a command to its end and give what it said; it must succeed."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=300)
        if process.returncode != 0:
            raise SystemExit(f"eegwarn {shlex.join(arguments)}: exit code {process.returncode}\n{said}")
        return said


def readme_commands() -> list[list[str]]:
    """Give the commands of the README's first hour in order, each as the words after ``eegwarn``."""
    _, _, rest = README.read_text(encoding="utf-8").partition("\n## Your first hour\n")
    lines = re.findall(r"^\d+\. `eegwarn ([^`]+)`", rest.partition("\n## ")[0], re.MULTILINE)
    return [shlex.split(line) for line in lines]


def name_of(arguments: list[str]) -> str:
    """Give a command's name, of two words for ``labels`` and ``alarms``."""
    return " ".join(arguments[: 2 if arguments[0] in ("labels", "alarms") else 1])


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say how long something took, once it is done."""
    begun_s = time.monotonic()
    yield
    sys.stdout.write(f"  {name}: {time.monotonic() - begun_s:.1f} s\n")
    sys.stdout.flush()


@contextmanager
def stopped(process: subprocess.Popen[str], name: str) -> Iterator[subprocess.Popen[str]]:
    """Let a command run on, and end it as Ctrl-C does; it must end by itself, and without an error."""
    try:
        yield process
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        if process.returncode != 0:
            raise SystemExit(f"eegwarn {name}: exit code {process.returncode}\n{said}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def watched_page() -> Iterator[Any]:
    """Give a page of a browser whose console must stay free of errors."""
    with open_chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        if complaints:
            raise SystemExit(f"The browser's console told of errors: {complaints}")


def own_recording(shell: Shell) -> None:
    """Put an EDF file of one's own in place: a real one where there is one, else one simulated."""
    real = Path(os.environ.get("EEGWARN_DATA", "")) / "michigan_tle" / "michigan_tle.edf"
    if not real.is_file():
        shell.run("simulate", "own-cohort", "--patients", "1", "--hours", "0.15", "--seed", "7")
        real = next((shell.cwd / "own-cohort").rglob("*.edf"))
    (shell.cwd / "night.edf").symlink_to(real)


def read_all_help(shell: Shell, commands: list[list[str]]) -> None:
    names = {name_of(command) for command in commands} | {name_of(shlex.split(line)) for line in ALSO}
    asked = ("", "labels", "alarms", "download", "train-policy", *sorted(names))
    for name, process in [(name, shell.start(*name.split(), "--help")) for name in asked]:
        said, _ = process.communicate(timeout=120)
        if process.returncode != 0 or "Usage: eegwarn" not in said:
            raise SystemExit(f"eegwarn {name} --help: exit code {process.returncode}\n{said}")


def visit_pages(page: Any, url: str) -> None:
    page.goto(url)
    for name, sight in _PAGES.items():
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(sight, state="attached")


def label_by_keyboard(page: Any) -> None:
    page.get_by_role("link", name="Annotate", exact=True).click()
    page.wait_for_selector(_WITH_CLIP)
    for number in range(N_CLIPS):
        before = page.get_attribute(".annotator", "data-clip")
        page.keyboard.press("1234"[number % 4])
        if number < N_CLIPS - 1:
            page.wait_for_selector(f"{_WITH_CLIP}:not([data-clip='{before}'])")
    page.wait_for_selector("text=Nothing more is asked of you")
    page.wait_for_selector("text=All answers are stored.")


def try_own_recording(page: Any, recording: Path) -> None:
    page.get_by_role("link", name="Try it", exact=True).click()
    page.set_input_files("input[type=file]", {"name": "night.edf", "mimeType": "", "buffer": recording.read_bytes()})
    page.get_by_text("derivations").first.wait_for()
    page.wait_for_selector(_DRAWN)


def acknowledge_an_alarm(page: Any) -> None:
    page.get_by_role("link", name="Monitor", exact=True).click()
    page.get_by_role("button", name=re.compile("^Acknowledge .* of night$")).click()
    page.get_by_text(f"acknowledged, by {getuser()}").wait_for()


def check_store(path: Path) -> None:
    """The store must hold the labels given, what was done about the alarm, and nothing else of either."""
    store = open_store(path, create=False)
    given = [row.answer and row.answer.label for row in label_log(store)]
    if given != [LABELS[number % 4] for number in range(N_CLIPS)]:
        raise SystemExit(f"The store holds other labels than were given: {given}")
    done = {(act.kind.value, act.actor) for alarm in alarms_between(store) for act in alarm.actions}
    if done != {("acknowledge", getuser())}:
        raise SystemExit(f"What was raised was acknowledged, but the store holds: {done}")
    store.close()


def first_hour(shell: Shell, demo: Path) -> None:
    """Run all of it; ``demo`` is made, so that its own command is left out."""
    commands = readme_commands()
    with step("help of every command"):
        read_all_help(shell, commands)
    with step("a recording of one's own"):
        own_recording(shell)
    with watched_page() as page:
        runs: dict[str, Callable[[list[str]], None]] = {
            "demo": lambda arguments: None,
            "dashboard": lambda arguments: _in_the_dashboard(shell, arguments, page),
            "monitor": lambda arguments: _beside_the_dashboard(shell, arguments, page, demo),
        }
        for command in commands:
            name = name_of(command)
            arguments = [*command, *SHORTENED.get(name, ())]
            with step(f"eegwarn {shlex.join(arguments)}"):
                if name in runs:
                    runs[name](arguments)
                else:
                    shell.run(*arguments)
    check_store(demo / "store.db")
    for line in ALSO:
        with step(f"eegwarn {line.format(demo=demo.name)}"):
            shell.run(*shlex.split(line.format(demo=demo.name)))
    if (shell.cwd / "own").exists():
        raise SystemExit("A command wrote to the user's own store, and not to the one it was given.")


@contextmanager
def _dashboard(shell: Shell, arguments: list[str]) -> Iterator[str]:
    port = str(free_port())
    with stopped(shell.start(*arguments, "--port", port), "dashboard") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "The dashboard is at" in line:
                break
        yield f"http://127.0.0.1:{port}"


def _in_the_dashboard(shell: Shell, arguments: list[str], page: Any) -> None:
    with _dashboard(shell, arguments) as url:
        with step("  every page"):
            visit_pages(page, url)
        with step(f"  {N_CLIPS} clips by keyboard"):
            label_by_keyboard(page)
        with step("  a recording uploaded"):
            try_own_recording(page, shell.cwd / "night.edf")
        page.goto("about:blank")


def _beside_the_dashboard(shell: Shell, arguments: list[str], page: Any, demo: Path) -> None:
    dashboard = ["dashboard", demo.name, *SHORTENED["dashboard"]]
    with stopped(shell.start(*arguments), "monitor"), _dashboard(shell, dashboard) as url:
        page.goto(url)
        acknowledge_an_alarm(page)
        page.goto("about:blank")


def main() -> None:
    """Read the arguments, and say why where it cannot be done."""
    demo, eegwarn = Path(sys.argv[1]).resolve(), str(Path(sys.argv[2]).absolute())
    if trouble := missing():
        sys.stdout.write(f"SKIPPED, the first hour was not tried: {trouble}\n")
        return
    begun_s = time.monotonic()
    first_hour(Shell(eegwarn, demo.parent), demo)
    sys.stdout.write(f"  the first hour in {time.monotonic() - begun_s:.0f} s\n")


if __name__ == "__main__":
    main()
