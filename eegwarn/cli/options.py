"""Options that several commands take, and what they check before any work."""

from pathlib import Path
from typing import Annotated

import typer

from eegwarn.errors import OutputError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text for people.")]
Damaged = Annotated[bool, typer.Option("--damaged", help="Read the whole records of a truncated or damaged EDF file.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a result that is already there.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change one setting, such as signal.missing=mask. May be repeated.")
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, NAME.eegwarn.")]
Cohort = Annotated[
    Path, typer.Argument(metavar="DATA", help="A folder of recordings: CHB-MIT, Siena, BIDS, or plain files.")
]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.", min=0, max=2**32 - 1)]
Port = Annotated[int | None, typer.Option(help="Port of the dashboard; 8501 if left out.")]
Engine = Annotated[
    str,
    typer.Option(
        help="Where recordings are worked on: local, or dask:ADDRESS, the scheduler of a dask cluster whose workers "
        "see the same folders under the same paths."
    ),
]
StorePlace = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Where labels, alarms and the queue of clips are: a file (the demo's is eegwarn-demo/store.db) or a "
        "postgresql:// URL; if left out, EEGWARN_STORE or your own (on Linux ~/.local/share/eegwarn/store.db).",
    ),
]


def check_outputs(*outputs: Path | None, inputs: tuple[Path, ...], overwrite: bool) -> None:
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
