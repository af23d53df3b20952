"""The one front door: ``eegwarn COMMAND``.

Each command imports what it needs when it runs, so that help is quick and the bedside size needs no torch.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eegwarn import __version__
from eegwarn.errors import EegwarnError, OutputError, RecordingError

app = typer.Typer(
    name="eegwarn",
    help="Early warning of epileptic seizures from EEG. Research software, not a medical device.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text for people.")]
Damaged = Annotated[bool, typer.Option("--damaged", help="Read the whole records of a truncated or damaged EDF file.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a result that is already there.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change one setting, such as signal.missing=mask. May be repeated.")
]
Model = Annotated[Path, typer.Argument(help="A model file, NAME.eegwarn.")]
Cohort = Annotated[Path, typer.Argument(help="A folder of recordings: CHB-MIT, Siena, BIDS, or plain files.")]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.", min=0, max=2**32 - 1)]
Port = Annotated[int | None, typer.Option(help="Port of the dashboard; 8501 if left out.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")] = False,
) -> None:
    pass


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("eegwarn-demo"),
    seed: Seed = 0,
    no_app: Annotated[bool, typer.Option("--no-app", help="End after the numbers, without the dashboard.")] = False,
    port: Port = None,
) -> None:
    """Show the whole job on simulated patients: simulate, train, evaluate, score, and open the dashboard on it."""
    from eegwarn import terminal
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


@app.command()
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
    """Write a simulated cohort as EDF files with rough marks; run it again to go on after an interruption."""
    from eegwarn import terminal
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


@app.command()
def inspect(
    paths: Annotated[list[Path], typer.Argument(help="Recordings or folders.")],
    as_json: AsJson = False,
) -> None:
    """Tell what recordings or folders hold, and why a file cannot be used."""
    from eegwarn import terminal
    from eegwarn.cohort.inspect import inspect_path

    reports = [inspect_path(path) for path in paths]
    if as_json:
        terminal.print_json([report.to_table() for report in reports])
    else:
        typer.echo("\n\n".join(report.to_text() for report in reports))
    if not any(report.usable for report in reports):
        named = ", ".join(str(path) for path in paths)
        raise RecordingError(f"Nothing in {named} can be used, for the reasons above.")


@app.command()
def download(
    dataset: Annotated[Literal["chb-mit", "siena"], typer.Argument(help="Which public data set.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to put it in.")],
    patient: Annotated[
        list[str] | None, typer.Option(help="Only this patient, such as chb01. May be repeated.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Fetch from this mirror instead of PhysioNet.")] = None,
) -> None:
    """Fetch a public data set from PhysioNet; run it again to go on after an interruption."""
    from eegwarn import terminal
    from eegwarn.cohort.download import CHBMIT_URL, SIENA_URL, Transfer, download_chbmit, download_siena

    fetch, mirror = {"chb-mit": (download_chbmit, CHBMIT_URL), "siena": (download_siena, SIENA_URL)}[dataset]
    with terminal.progress() as progress:

        def report(transfer: Transfer) -> None:
            is_done = 0 < transfer.total_bytes <= transfer.done_bytes
            n_done = transfer.file_number - (not is_done)
            progress("files", n_done, transfer.n_files)

        fetch(folder, patients=patient or (), base_url=base_url or mirror, progress=report)
    typer.echo(f"{dataset} is in {folder}. Look at it with: eegwarn inspect {folder}")


@app.command()
def train(
    data: Cohort,
    out: Annotated[Path, typer.Option(help="The model file to write, NAME.eegwarn.")],
    config: Annotated[
        str, typer.Option(help="A shipped configuration (default, demo) or a TOML file to start from.")
    ] = "default",
    backbone: Annotated[Literal["resnet", "lstm"] | None, typer.Option(help="Network.")] = None,
    method: Annotated[
        Literal["plain", "context", "changepoint", "meta"] | None,
        typer.Option(help="How rough labels are treated: as they are, corrected twice over, or by the bi-level loop."),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(help="Table of clips that a clinician labelled (recording, onset, duration, eventType)."),
    ] = None,
    horizon_s: Annotated[
        float | None, typer.Option(help="Seconds before an onset that count as early warning; 0 trains a detector.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random draw.", min=0, max=2**32 - 1)] = None,
    settings: Settings = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a model on a cohort; run it again to go on after an interruption."""
    from eegwarn import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.config import override
    from eegwarn.events import read_clips
    from training.config import load_config
    from training.train import train as train_model

    chosen = {"backbone": backbone, "method": method, "horizon_s": horizon_s, "seed": seed}
    _check_outputs(out, inputs=(), overwrite=overwrite)
    options = [f"{key}={value}" for key, value in chosen.items() if value is not None]
    resolved = override(load_config(config), [*options, *(settings or ())])
    known = {} if clips is None else read_clips(clips)
    with terminal.progress() as progress:
        trained = train_model(
            read_cohort(data), out, resolved, clips=known, device=device, overwrite=overwrite, progress=progress
        )
    for name, reason in trained.skipped:
        terminal.say(f"Left out {name}: {reason}")
    if as_json:
        terminal.print_json({"model": str(out), "record": trained.bundle.record})
    else:
        typer.echo(terminal.trained_text(trained))


@app.command()
def evaluate(
    model: Model,
    data: Cohort,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Evaluate on patients that training saw as well; the report says so.")
    ] = False,
    seed: Seed = 0,
    sph_s: Annotated[
        float | None,
        typer.Option(
            help="Least time from a warning to its seizure, in s; 120 or half the horizon if left out.", min=0
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with figures to this HTML file.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on patients that it was not trained on: windows, seizures and forecasts, with intervals."""
    from eegwarn import terminal
    from eegwarn.bedside import read_bundle
    from eegwarn.cohort import read_cohort
    from training.evaluate import evaluate_model, write_html

    _check_outputs(html, inputs=(model,), overwrite=overwrite)
    bundle = read_bundle(model)
    with terminal.progress() as progress:
        evaluated = evaluate_model(
            bundle,
            read_cohort(data),
            model=model.name,
            include_seen=include_seen,
            sph_s=sph_s,
            seed=seed,
            progress=progress,
        )
    if html is not None:
        write_html(html, evaluated, bundle)
    if as_json:
        terminal.print_json(terminal.evaluation_table(evaluated))
    else:
        typer.echo(terminal.evaluation_text(evaluated))


@app.command()
def score(
    model: Model,
    recording: Annotated[Path, typer.Argument(help="A recording in EDF or another format that MNE reads.")],
    out: Annotated[Path | None, typer.Option(help="Write the warnings to this SzCORE/BIDS TSV file.")] = None,
    probabilities: Annotated[
        Path | None, typer.Option(help="Write the warning level over time to this TSV file.")
    ] = None,
    settings: Settings = None,
    overwrite: Overwrite = False,
    damaged: Damaged = False,
    as_json: AsJson = False,
) -> None:
    """Score one recording: when the model warns, and where it cannot judge."""
    from eegwarn import terminal
    from eegwarn.bedside import read_bundle, score_recording, write_probabilities
    from eegwarn.config import override
    from eegwarn.events import events_from_marks, write_szcore_tsv
    from eegwarn.signal import open_recording

    _check_outputs(out, probabilities, inputs=(model, recording), overwrite=overwrite)
    opened = open_recording(recording, damaged=damaged)
    bundle = read_bundle(model)
    bundle = replace(bundle, config=override(bundle.config, settings or ()))
    with terminal.progress() as progress:
        scored = score_recording(bundle, opened, progress)
    if out is not None:
        write_szcore_tsv(out, scored.events, recording_duration_s=scored.duration_s, start=scored.start, by_model=True)
    if probabilities is not None:
        write_probabilities(probabilities, scored)
    if as_json:
        terminal.print_json(terminal.scored_table(scored))
    else:
        typer.echo(terminal.scored_text(scored, events_from_marks(opened.marks)))


@app.command()
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


@app.command()
def benchmark(
    name: Annotated[str | None, typer.Argument(help="Which table; all names are listed if left out.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for results, configuration and plots.")] = Path(
        "eegwarn-benchmarks"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure little, in minutes: to see that it works, not to quote.")
    ] = False,
) -> None:
    """Repeat a table of the documentation and write it down with its configuration and machine."""
    from eegwarn import terminal
    from training.benchmarks import run_benchmark, shipped_benchmarks

    if name is None:
        typer.echo("\n".join(f"{known}: {what}" for known, what in shipped_benchmarks().items()))
        return
    with terminal.progress() as progress:
        text = run_benchmark(name, out, progress, quick=quick)
    typer.echo(text)


def _launch(folder: Path | None, *, port: int | None, address: str = "127.0.0.1", headless: bool = False) -> None:
    from app.launch import DEFAULT_PORT, launch

    def tell(url: str) -> None:
        typer.echo(f"The dashboard is at {url} - stop it with Ctrl-C.")

    launch(folder, port=DEFAULT_PORT if port is None else port, address=address, headless=headless, on_ready=tell)


def _check_outputs(*outputs: Path | None, inputs: tuple[Path, ...], overwrite: bool) -> None:
    """Refuse before any work what could not be written after it, or would destroy what is read."""
    taken = [path.resolve() for path in inputs]
    for path in outputs:
        if path is None:
            continue
        if path.resolve() in taken:
            raise OutputError(
                f"{str(path)!r} would be written over a file that this command reads or writes. Choose another."
            )
        if path.exists() and not overwrite:
            raise OutputError(f"{str(path)!r} already exists. Choose another name, or use --overwrite.")
        if not path.parent.is_dir():
            raise OutputError(
                f"{str(path)!r} cannot be written: there is no folder {str(path.parent)!r}. Create it first."
            )
        taken.append(path.resolve())


# typer carries a copy of click whose usage error has no public name of its own.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
_INTERRUPTED = "Interrupted. Run the same command again to go on."
_EXTRAS = {"torch": "train", "sklearn": "train", "timescoring": "train", "onnx": "train", "safetensors": "train"}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code: 0, 2 for what the user can mend, 130 when interrupted."""
    command: Callable[..., object] = app
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        result = command(args=arguments or ["--help"], prog_name="eegwarn", standalone_mode=False)
    except EegwarnError as error:
        return _fail(str(error))
    except _USAGE_ERROR as error:
        context = getattr(error, "ctx", None)
        message = str(error.format_message()).rstrip(".")
        return _fail(f"{message}. See {context.command_path if context else 'eegwarn'} --help.")
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        return _fail(f"This command needs {error.name}, which is not installed. Run: pip install 'eegwarn[{extra}]'")
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
    except (KeyboardInterrupt, typer.Abort):
        return _fail(_INTERRUPTED, code=130)
    code = result if isinstance(result, int) else 0
    return _fail(_INTERRUPTED, code=code) if code == 130 else code


def _fail(message: str, *, code: int = 2) -> int:
    line = " ".join(message.split())
    typer.echo(f"eegwarn: {line}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
