"""Commands that end in the browser: demo, dashboard."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from eegwarn.cli.options import Port, Seed, StorePlace

_STOP_TIMEOUT_S = 15.0


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("eegwarn-demo"),
    seed: Seed = 0,
    no_app: Annotated[bool, typer.Option("--no-app", help="End after the numbers, without the dashboard.")] = False,
    port: Port = None,
) -> None:
    """Show the whole job on simulated patients. From simulation and training to the dashboard, in some minutes."""
    from eegwarn.cli import terminal
    from training.demo import run_demo

    with terminal.progress() as progress:
        made = run_demo(out, seed=seed, say=terminal.say, progress=progress)
    terminal.say("")
    typer.echo(terminal.evaluation_text(made.evaluated))
    typer.echo(terminal.scored_text(made.scored, made.recording.events))
    files = (made.model, made.small, made.warnings, made.report, made.beds, made.store)
    typer.echo(f"\nIn {out}/: cohort/, {', '.join(file.name for file in files)}")
    if no_app:
        typer.echo(f"See it with: eegwarn dashboard {out}")
        typer.echo(f"Watch its beds with: eegwarn monitor --beds {made.beds} --store {made.store}")
        return
    telling = urlencode({"recording": str(made.recording.path.relative_to(out)), "model": made.model.name})
    with _watching(made.beds, made.store):
        _launch(out, port=port, store=str(made.store), opens=f"/?{telling}")


def dashboard(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="Folder of recordings and models; if left out, eegwarn-demo if there is one here, else this folder.",
        ),
    ] = None,
    port: Port = None,
    address: Annotated[
        str, typer.Option(help="Address to listen on; other than this machine needs a login.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Leave the browser closed.")] = False,
    store: StorePlace = None,
) -> None:
    """Open the dashboard in the browser. Stop it with Ctrl-C.

    If FOLDER holds a store.db, as that of the demo does, and neither --store nor EEGWARN_STORE is given, that is used.
    """
    _launch(folder, port=port, address=address, headless=headless, store=store)


@contextmanager
def _watching(beds: Path, store: Path) -> Iterator[None]:
    """Watch beds in a process beside this one, which ends with it."""
    command = [sys.executable, "-m", "eegwarn.cli", "monitor", "--beds", str(beds), "--store", str(store)]
    monitor = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        monitor.terminate()
        try:
            monitor.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            monitor.kill()
            monitor.wait()


def _launch(
    folder: Path | None,
    *,
    port: int | None,
    address: str = "127.0.0.1",
    headless: bool = False,
    store: str | None = None,
    opens: str = "",
) -> None:
    from app.launch import DEFAULT_PORT, launch

    def tell(url: str) -> None:
        typer.echo(f"The dashboard is at {url} - stop it with Ctrl-C.")

    port = DEFAULT_PORT if port is None else port
    launch(folder, port=port, address=address, headless=headless, store=store, opens=opens, on_ready=tell)
