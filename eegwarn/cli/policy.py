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
    for setting, gate in learned.record["gate"].items():
        typer.echo(f"Points of area {setting}, {gate['n_wards']} wards never seen, mean and 95 % interval:")
        for name in ("policy", "cover"):
            for rival, gain in gate[name].items():
                typer.echo(
                    f"  {name} over {rival}: {gain['mean']:+.2f}, {gain['low']:+.2f} to {gain['high']:+.2f}; worst "
                    f"ward {gain['worst']:+.1f}, standard error {gain['worst_error']:.1f} over its starts; "
                    f"{gain['n_below_half_a_point']} wards below -0.5"
                )
    typer.echo("The policy is used." if learned.is_open else "The policy is not better: cover is used in its place.")
