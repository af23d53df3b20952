"""Commands about recordings: simulate, inspect, download."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eegwarn.cli.options import AsJson, Seed
from eegwarn.errors import RecordingError


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the cohort.")],
    patients: Annotated[int, typer.Option(help="How many patients.")] = 4,
    hours: Annotated[float, typer.Option(help="Hours of EEG of each patient.")] = 4.0,
    seed: Seed = 0,
    layout: Annotated[Literal["chb-mit", "bids"], typer.Option(help="How the folder is laid out.")] = "chb-mit",
    clips: Annotated[
        int,
        typer.Option(help="Label so many clips near marks as a faultless clinician would, in DIR/clips.tsv.", min=0),
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one setting, such as seizures_per_hour=0.1. May be repeated."),
    ] = None,
) -> None:
    """Simulate patients as EDF files with rough marks. Run it again to go on after an interruption."""
    from eegwarn.cli import terminal
    from eegwarn.cohort.simulate import SimulationConfig, write_cohort
    from eegwarn.cohort.simulate.clips import write_simulated_clips
    from eegwarn.config import override

    config = override(SimulationConfig(), settings or ())
    with terminal.progress() as progress:

        def report(done_h: float, total_h: float) -> None:
            progress("simulate", round(60 * done_h), round(60 * total_h))

        write_cohort(folder, n_patients=patients, hours=hours, seed=seed, layout=layout, config=config, progress=report)
    if clips:
        write_simulated_clips(folder, clips, seed=seed)
    typer.echo(
        f"Simulated {patients} patients of {hours:g} h each in {folder}. Look at them with: eegwarn inspect {folder}"
    )


def inspect(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Recordings or folders.")],
    as_json: AsJson = False,
) -> None:
    """Tell what files or folders hold. Of a file that cannot be used it says why."""
    from eegwarn.cli import terminal
    from eegwarn.cohort.inspect import inspect_path
    from eegwarn.cohort.report_text import report_text

    reports = [inspect_path(path) for path in paths]
    if as_json:
        terminal.print_json([report.to_table() for report in reports])
    else:
        typer.echo("\n\n".join(report_text(report) for report in reports))
    if not any(report.usable for report in reports):
        named = ", ".join(str(path) for path in paths)
        raise RecordingError(f"Nothing in {named} can be used, for the reasons above.")


def download(
    dataset: Annotated[Literal["chb-mit", "siena"], typer.Argument(metavar="DATASET", help="Which public data set.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to put it in.")],
    patient: Annotated[
        list[str] | None, typer.Option(help="Only this patient, such as chb01. May be repeated.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Fetch from this mirror instead of PhysioNet.")] = None,
) -> None:
    """Fetch a public data set from PhysioNet. Run it again to go on after an interruption."""
    from eegwarn.cli import terminal
    from eegwarn.cohort.download import CHBMIT_URL, SIENA_URL, Transfer, download_chbmit, download_siena

    fetch, mirror = {"chb-mit": (download_chbmit, CHBMIT_URL), "siena": (download_siena, SIENA_URL)}[dataset]
    with terminal.progress() as progress:

        def report(transfer: Transfer) -> None:
            is_done = 0 < transfer.total_bytes <= transfer.done_bytes
            n_done = transfer.file_number - (not is_done)
            progress("files", n_done, transfer.n_files)

        fetch(folder, patients=patient or (), base_url=base_url or mirror, progress=report)
    typer.echo(f"{dataset} is in {folder}. Look at it with: eegwarn inspect {folder}")
