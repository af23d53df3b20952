"""The command that makes a trained model small."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from eegwarn.cli.options import AsJson, Cohort, Model, Overwrite, Settings, check_outputs

if TYPE_CHECKING:
    from training.quantize import Measured, Shrunk

_SHOWN = ("auroc", "auprc", "sensitivity", "f1", "false_alarms_per_day")


def quantize(
    model: Model,
    data: Cohort,
    out: Annotated[Path, typer.Option(help="The small model file to write, NAME.eegwarn.")],
    bits: Annotated[int | None, typer.Option(help="Bits of a weight: 1, 2, 4 or 8 (1 for bwn, 2 for ternary).")] = None,
    method: Annotated[
        Literal["metaquant", "ste", "post-training"] | None,
        typer.Option(help="Train through the quantiser with a learned gradient, with the straight one, or not at all."),
    ] = None,
    quantizer: Annotated[
        Literal["dorefa", "bwn", "ternary"] | None, typer.Option(help="Which levels the weights may take.")
    ] = None,
    meta: Annotated[
        Literal["fcgrad", "multifc", "lstmfc"] | None, typer.Option(help="What learns the gradient (metaquant only).")
    ] = None,
    settings: Settings = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Make a model small, and show what that costs. Run it again to go on after an interruption."""
    from eegwarn.alone import making
    from eegwarn.cli import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.config import override
    from training.finetune import QuantizeConfig
    from training.quantize import quantize_model

    check_outputs(out, inputs=(model,), overwrite=overwrite)
    bits = {"bwn": 1, "ternary": 2}.get(quantizer or "") if bits is None else bits
    chosen = {
        "method": method,
        "metaquant.bits": bits,
        "metaquant.quantizer": quantizer,
        "metaquant.meta": meta,
    }
    options = [f"{key}={value}" for key, value in chosen.items() if value is not None]
    config = override(QuantizeConfig(), [*options, *(settings or ())])
    with making(out), terminal.progress() as progress:
        shrunk = quantize_model(
            model, read_cohort(data), out, config, device=device, overwrite=overwrite, progress=progress
        )
    for name, reason in shrunk.skipped:
        terminal.say(f"Left out {name}: {reason}")
    if as_json:
        terminal.print_json(shrunk_table(shrunk))
    else:
        typer.echo(shrunk_text(shrunk))


def shrunk_table(shrunk: "Shrunk") -> dict[str, Any]:
    """Turn a quantisation into a table for JSON."""
    return {
        "model": str(shrunk.path),
        "rows": [_row(each) for each in (shrunk.before, shrunk.plain, shrunk.small)],
        "auroc_gain_over_plain": shrunk.gain,
        "auroc_gain_interval": list(shrunk.gain_interval),
        "worth_it": shrunk.worth_it,
        "record": shrunk.bundle.record["quantize"],
    }


def _row(measured: "Measured") -> dict[str, Any]:
    estimates = {one.metric.key: one for one in measured.evaluated.report.estimates}
    footprint = measured.footprint
    return {
        "model": measured.name,
        "bytes": footprint.n_bytes,
        "latency_ms": footprint.latency_ms,
        "peak_memory_mb": footprint.peak_memory_mb,
        **{
            key: {"mean": one.mean, "interval": list(one.interval), "all_together": one.pooled}
            for key, one in estimates.items()
        },
    }


def shrunk_text(shrunk: "Shrunk") -> str:
    """Write a quantisation for a terminal: before, plain 8 bits and after side by side, and what to make of it."""
    rows = (shrunk.before, shrunk.plain, shrunk.small)
    lines = [f"{'on patients that training never saw':<38}" + "".join(f"{each.name:>16}" for each in rows)]
    for estimate in shrunk.before.evaluated.report.estimates:
        metric = estimate.metric
        if metric.key in _SHOWN:
            title = f"{metric.title} ({metric.unit})" if metric.unit else metric.title
            means = [
                next(one.mean for one in each.evaluated.report.estimates if one.metric.key == metric.key)
                for each in rows
            ]
            lines.append(f"{title:<38}" + "".join(f"{mean:>16.{metric.digits}f}" for mean in means))
    for title, numbers in (
        ("file (KiB)", [f"{each.footprint.n_bytes / 1024:.1f}" for each in rows]),
        ("time for a window, one thread (ms)", [f"{each.footprint.latency_ms:.2f}" for each in rows]),
        ("peak memory of the process (MiB)", [f"{each.footprint.peak_memory_mb:.0f}" for each in rows]),
    ):
        lines.append(f"{title:<38}" + "".join(f"{number:>16}" for number in numbers))
    return "\n".join([*lines, "", _verdict(shrunk)])


def _verdict(shrunk: "Shrunk") -> str:
    if shrunk.small.evaluated is shrunk.plain.evaluated:
        return f"Wrote {shrunk.path}: plain 8 bits."
    saved_kib = (shrunk.plain.footprint.n_bytes - shrunk.small.footprint.n_bytes) / 1024
    low, high = shrunk.gain_interval
    interval = f"95 % interval {low:+.3f} to {high:+.3f}" if low == low else "too few patients for an interval"
    gain = f"AUROC {shrunk.gain:+.3f} against plain 8 bits ({interval})"
    wrote = f"Wrote {shrunk.path}, {saved_kib:.0f} KiB smaller than plain 8 bits."
    if shrunk.worth_it:
        return f"{wrote} Worth it: {gain}."
    if high < 0:
        return f"{wrote} Not worth it unless every byte counts: it judges worse, {gain}."
    return (
        f"{wrote} Not worth it unless every byte counts: a plain 8-bit file is as good within the interval, {gain}. "
        "It is made with --bits 8 --method post-training."
    )
