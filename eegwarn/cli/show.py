"""Commands that end in the browser: demo, dashboard."""

from pathlib import Path
from typing import Annotated

import typer

from eegwarn.cli.options import Port, Seed


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("eegwarn-demo"),
    seed: Seed = 0,
    no_app: Annotated[bool, typer.Option("--no-app", help="End after the numbers, without the dashboard.")] = False,
    port: Port = None,
) -> None:
    """Show the whole job on simulated patients: simulate, train, evaluate, score, and open the dashboard on it."""
    from eegwarn.cli import terminal
    from training.demo import run_demo

    with terminal.progress() as progress:
        made = run_demo(out, seed=seed, say=terminal.say, progress=progress)
    terminal.say("")
    typer.echo(terminal.evaluation_text(made.evaluated))
    typer.echo(terminal.scored_text(made.scored, made.recording.events))
    typer.echo(f"\nIn {out}/: cohort/, {made.model.name}, {made.warnings.name}, {made.report.name}")
    if no_app:
        typer.echo(f"See it with: eegwarn dashboard {out}")
    else:
        _launch(out, port=port)


def dashboard(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of recordings and models; eegwarn-demo or here.")
    ] = None,
    port: Port = None,
    address: Annotated[
        str, typer.Option(help="Address to listen on; other than this machine needs a login.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Leave the browser closed.")] = False,
) -> None:
    """Open the dashboard in the browser, until Ctrl-C."""
    _launch(folder, port=port, address=address, headless=headless)


def _launch(folder: Path | None, *, port: int | None, address: str = "127.0.0.1", headless: bool = False) -> None:
    from app.launch import DEFAULT_PORT, launch

    def tell(url: str) -> None:
        typer.echo(f"The dashboard is at {url} - stop it with Ctrl-C.")

    launch(folder, port=DEFAULT_PORT if port is None else port, address=address, headless=headless, on_ready=tell)
