"""The command that learns the active-learning policy anew."""

from pathlib import Path
from typing import Annotated

import typer

from eegwarn.cli.options import AsJson, Settings


def train_policy(
    out: Annotated[
        Path, typer.Option(help="Folder for policy.safetensors and policy.toml, and for what is simulated.")
    ],
    embedding: Annotated[
        bool, typer.Option("--embedding", help="Let a description of the data set make the policy's first layer.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Learn little, in minutes: to see that it works, not to use.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of every random draw.", min=0, max=2**32 - 1)] = 0,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Learn the policy behind query anew. Run it again to go on after an interruption."""
    from eegwarn.cli import terminal
    from eegwarn.config import override
    from training.train_policy import PolicyTraining
    from training.train_policy import quick as quick_training
    from training.train_policy import train_policy as learn

    config = override(
        PolicyTraining(), [f"seed={seed}", f"policy.embedding={str(embedding).lower()}", *(settings or ())]
    )
    with terminal.progress() as progress:
        learned = learn(out, quick_training(config) if quick else config, progress=progress)
    if as_json:
        terminal.print_json({"policy": str(out), "record": learned.record})
        return
    gate = learned.record["gate"]
    for rival in ("blend", "margin"):
        typer.echo(
            f"Against {rival}: {gate[rival]:+.2f} points of area, 95 % interval {gate[f'{rival}_low']:+.2f} to "
            f"{gate[f'{rival}_high']:+.2f} over {gate['n_wards']} wards of patients it never saw; worst ward "
            f"{gate[f'{rival}_worst']:+.1f}, standard error {gate[f'{rival}_worst_error']:.1f} over its starts."
        )
    typer.echo(
        "The policy is used." if learned.is_open else "The policy is not better: the blend is used in its place."
    )
