"""Commands about models: train, evaluate, score, benchmark."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eegwarn.cli.options import AsJson, Cohort, Damaged, Engine, Model, Overwrite, Seed, Settings, check_outputs
from eegwarn.errors import OutputError, RecordingError

if TYPE_CHECKING:
    from eegwarn.bedside import Bundle


def train(
    data: Cohort,
    out: Annotated[Path, typer.Option(help="The model file to write, NAME.eegwarn.")],
    config: Annotated[
        str, typer.Option(help="A shipped configuration (default, demo) or a TOML file to start from.")
    ] = "default",
    backbone: Annotated[Literal["resnet", "lstm"] | None, typer.Option(help="Network.")] = None,
    method: Annotated[
        Literal["auto", "plain", "context", "changepoint", "meta"] | None,
        typer.Option(
            help="How rough labels are treated: as they are (plain), corrected after a first training (context, "
            "changepoint), or by the bi-level loop (meta); auto is changepoint, with a horizon plain."
        ),
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
    engine: Engine = "local",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a model on a cohort. Run it again to go on after an interruption.

    Several processes share the work, on a GPU each where there are some, with the same result but for rounding:
    torchrun --nproc-per-node 2 -m eegwarn.cli train DATA --out MODEL.eegwarn
    """
    from eegwarn.alone import making
    from eegwarn.cli import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.config import override
    from eegwarn.engine import checked_engine
    from eegwarn.events import read_clips
    from training.ranks import joined_ranks
    from training.shipped import load_config
    from training.train import train as train_model
    from training.windows import clips_by_content

    chosen = {"backbone": backbone, "method": method, "horizon_s": horizon_s, "seed": seed}
    check_outputs(out, inputs=(), overwrite=overwrite)
    options = [f"{key}={value}" for key, value in chosen.items() if value is not None]
    resolved = override(load_config(config), [*options, *(settings or ())])
    cohort = read_cohort(data)
    known = {} if clips is None else clips_by_content(cohort, read_clips(clips))
    with (
        joined_ranks() as ranks,
        making(out) if ranks.first else nullcontext(),
        terminal.progress(silent=not ranks.first) as progress,
    ):
        trained = train_model(
            cohort,
            out,
            resolved,
            clips=known,
            device=device,
            overwrite=overwrite,
            engine=checked_engine(engine),
            progress=progress,
            ranks=ranks,
        )
    if not ranks.first:
        return
    for name, reason in trained.skipped:
        terminal.say(f"Left out {name}: {reason}")
    if as_json:
        terminal.print_json({"model": str(out), "record": trained.bundle.record})
    else:
        typer.echo(terminal.trained_text(trained))


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
    engine: Engine = "local",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on patients it never saw. Windows, seizures and forecasts are judged, with intervals."""
    from eegwarn.bedside import read_bundle
    from eegwarn.cli import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.engine import checked_engine
    from training.evaluate import evaluate_model, write_html

    check_outputs(html, inputs=(model,), overwrite=overwrite)
    bundle = read_bundle(model)
    with terminal.progress() as progress:
        evaluated = evaluate_model(
            bundle,
            read_cohort(data),
            model=model.name,
            include_seen=include_seen,
            sph_s=sph_s,
            seed=seed,
            engine=checked_engine(engine),
            progress=progress,
        )
    if html is not None:
        write_html(html, evaluated, bundle)
    if as_json:
        terminal.print_json(terminal.evaluation_table(evaluated))
    else:
        typer.echo(terminal.evaluation_text(evaluated))


def score(
    model: Model,
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="RECORDING", help="A recording in EDF or another format that MNE reads, or a folder of them."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the warnings to this SzCORE/BIDS TSV file; of a folder, to this folder: tables of warnings and "
            "of levels for each recording, and recordings.tsv about all. Run again, it goes on."
        ),
    ] = None,
    probabilities: Annotated[
        Path | None, typer.Option(help="Write the warning level of one recording over time to this TSV file.")
    ] = None,
    settings: Settings = None,
    engine: Engine = "local",
    overwrite: Overwrite = False,
    damaged: Damaged = False,
    as_json: AsJson = False,
) -> None:
    """Score a recording, or a folder of them. Tells when the model warns, and where it cannot judge (FAULT)."""
    from eegwarn.bedside import read_bundle
    from eegwarn.cohort.listing import find_recordings
    from eegwarn.config import override
    from eegwarn.engine import checked_engine

    checked_engine(engine)
    found = find_recordings(recording) if recording.is_dir() else []
    if not found:
        check_outputs(out, probabilities, inputs=(model, recording), overwrite=overwrite)
    bundle = read_bundle(model)
    bundle = replace(bundle, config=override(bundle.config, settings or ()))
    if found:
        if out is None or probabilities is not None:
            raise OutputError(
                f"{str(recording)!r} is a folder of {len(found)} recordings: give --out FOLDER for their tables, and "
                "no --probabilities, since levels are written beside the warnings."
            )
        score_many(bundle, recording, found, out, engine=engine, overwrite=overwrite, damaged=damaged, as_json=as_json)
    else:
        score_one(bundle, recording, out, probabilities, damaged=damaged, as_json=as_json)


def score_one(
    bundle: "Bundle", recording: Path, out: Path | None, probabilities: Path | None, *, damaged: bool, as_json: bool
) -> None:
    """Score one recording and show what was found."""
    from eegwarn.bedside import score_recording, write_probabilities
    from eegwarn.cli import terminal
    from eegwarn.events import events_from_marks, write_szcore_tsv
    from eegwarn.signal import open_recording

    opened = open_recording(recording, damaged=damaged)
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


def score_many(
    bundle: "Bundle",
    folder: Path,
    recordings: Sequence[Path],
    out: Path,
    *,
    engine: str,
    overwrite: bool,
    damaged: bool,
    as_json: bool,
) -> None:
    """Score the recordings of a folder and show a line about each."""
    from dataclasses import asdict

    from eegwarn.bedside.scored_folder import score_folder
    from eegwarn.cli import terminal

    with terminal.progress() as progress:
        lines = score_folder(
            bundle,
            folder,
            recordings,
            out,
            damaged=damaged,
            engine=engine,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        terminal.print_json([asdict(line) for line in lines])
    else:
        typer.echo(terminal.scored_folder_text(lines, out))
    if not any(line.duration_s for line in lines):
        raise RecordingError(f"None of {len(lines)} recordings in {str(folder)!r} could be scored; see {str(out)!r}.")


def benchmark(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which table; all names are listed if left out.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for results, configuration and plots.")] = Path(
        "eegwarn-benchmarks"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure little, in minutes: to see that it works, not to quote.")
    ] = False,
) -> None:
    """Repeat a measurement of the README. Writes it down with its configuration and machine."""
    from eegwarn.cli import terminal
    from training.benchmarks import run_benchmark, shipped_benchmarks

    if name is None:
        typer.echo("\n".join(f"{known}: {what}" for known, what in shipped_benchmarks().items()))
        return
    with terminal.progress() as progress:
        text = run_benchmark(name, out, progress, quick=quick)
    typer.echo(text)
