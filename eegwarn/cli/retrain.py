"""The command that trains a model again with the clinician's labels."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from eegwarn.cli.options import AsJson, Cohort, Model, Overwrite, Settings, StorePlace, check_outputs

if TYPE_CHECKING:
    from eegwarn.evaluate import Difference
    from training.retrain import Retrained


def retrain(
    model: Model,
    data: Cohort,
    out: Annotated[Path, typer.Option(help="The new model file to write, NAME.eegwarn.")],
    rater: Annotated[str | None, typer.Option(help="Learn from this rater's labels only.")] = None,
    start: Annotated[
        Literal["scratch", "weights"],
        typer.Option("--from", help="Train new networks, or go on from the old model's weights."),
    ] = "scratch",
    seed: Annotated[
        int | None, typer.Option(help="Seed of every random draw; the old model's if left out.", min=0, max=2**32 - 1)
    ] = None,
    settings: Settings = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    by: Annotated[str | None, typer.Option(help="Who retrains; this computer's user if left out.")] = None,
    store: StorePlace = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a model again with the labels in the store. Says whether to use it instead of the old one.

    DATA is the cohort that the model was trained on; new recordings may lie beside the old ones. Patients stay in the
    parts that they were in, and everything that is not changed with --set stays as the old model was trained. Clips
    that it was trained with (train --clips) count only if they are in the store: eegwarn labels import.
    """
    from getpass import getuser

    from eegwarn.alone import making
    from eegwarn.bedside import read_bundle
    from eegwarn.cli import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.config import override
    from eegwarn.store import open_store
    from training.ranks import joined_ranks
    from training.retrain import recorded_config, retrain_model

    check_outputs(out, inputs=(model,), overwrite=overwrite)
    seeded = [] if seed is None else [f"seed={seed}"]
    config = override(recorded_config(read_bundle(model)), [*seeded, *(settings or ())])
    opened = open_store(store, create=False)
    with (
        joined_ranks() as ranks,
        making(out) if ranks.first else nullcontext(),
        terminal.progress(silent=not ranks.first) as progress,
    ):
        retrained = retrain_model(
            model,
            read_cohort(data),
            out,
            config,
            store=opened,
            by=by or getuser(),
            rater=rater,
            start=start,
            device=device,
            overwrite=overwrite,
            progress=progress,
            ranks=ranks,
        )
    if not ranks.first:
        return
    for name, reason in retrained.skipped:
        terminal.say(f"Left out {name}: {reason}")
    if as_json:
        terminal.print_json(retrained_table(retrained))
    else:
        typer.echo(retrained_text(retrained))


def retrained_table(retrained: "Retrained") -> dict[str, Any]:
    """Turn a retraining into a table for JSON."""
    return {
        "model": str(retrained.path),
        "model_id": retrained.model.id,
        "parent_id": retrained.model.parent_id,
        **retrained.bundle.record["retrain"],
        "gone": list(retrained.labels.gone),
    }


def retrained_text(retrained: "Retrained") -> str:
    """Say what a model was retrained with, how it compares with the old one, and what to do with it."""
    about, comparison = retrained.bundle.record["retrain"], retrained.comparison
    labels = about["labels"]
    begun = "from scratch" if about["start"] == "scratch" else "from the old weights"
    lines = [
        f"Retrained {retrained.path} {begun} (method {about['method']}) with {labels['n_used']} labels of "
        f"{labels['n_clips']} clips in {labels['n_recordings']} recordings of {labels['n_patients']} patients.",
        *(f"Not used: {n} {'label' if n == 1 else 'labels'}: {why}." for why, n in retrained.labels.unused.items()),
        *(
            f"Note: {caveat}"
            for part in ("labels", "warning")
            for caveat in retrained.bundle.record[part].get("caveats", [])
        ),
        "",
        f"Held-out patients with seizures: {comparison.n_patients}; their seizures: {comparison.n_seizures}. Means:",
        f"{'':<28}{'old':>10}{'new':>10}{'new - old':>12}   95 % interval",
        *map(_difference_text, comparison.differences),
        "",
        f"Recommendation: {comparison.advice}; {comparison.reason}.",
    ]
    return "\n".join(lines)


def _difference_text(each: "Difference") -> str:
    metric = each.metric
    digits = metric.digits
    title = f"{metric.title} ({metric.unit})" if metric.unit else metric.title
    low, high = each.interval
    interval = f"{low:+.{digits}f} to {high:+.{digits}f}" if low == low else "none"
    return f"{title:<28}{each.old:>10.{digits}f}{each.new:>10.{digits}f}{each.gain:>+12.{digits}f}   {interval}"
