"""The commands in the order of the help, and how a run of one ends."""

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from eegwarn import __version__
from eegwarn.cli.data import download, inspect, simulate
from eegwarn.cli.labels import alarms_app, labels_app
from eegwarn.cli.models import benchmark, evaluate, score, train
from eegwarn.cli.monitor import monitor
from eegwarn.cli.policy import train_policy
from eegwarn.cli.quantize import quantize
from eegwarn.cli.query import query
from eegwarn.cli.retrain import retrain
from eegwarn.cli.show import dashboard, demo
from eegwarn.errors import EegwarnError

app = typer.Typer(
    name="eegwarn",
    help="Early warning of epileptic seizures from EEG. Research software, not a medical device.",
    epilog="Start with: eegwarn demo. More about a command: eegwarn COMMAND --help.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")] = False,
) -> None:
    pass


_COMMANDS: tuple[Callable[..., None], ...] = (
    *(demo, simulate, inspect, download, train, evaluate, score),
    *(query, retrain, train_policy, quantize, monitor, dashboard, benchmark),
)
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(labels_app, name="labels")
app.add_typer(alarms_app, name="alarms")

# typer carries a copy of click whose usage error has no public name of its own.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
_INTERRUPTED = "Interrupted. Run the same command again to go on."
_EXTRAS = {
    **dict.fromkeys(("torch", "sklearn", "joblib", "skactiveml", "timescoring", "onnx", "safetensors"), "train"),
    "mne_lsl": "lsl",
    "distributed": "cluster",
}


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
    line, rank = " ".join(message.split()), os.environ.get("RANK", "0")
    # Of the processes that torchrun starts (it sets RANK) the first alone tells what befell all.
    if rank == "0" or code != 130:
        typer.echo(f"eegwarn: {line}" if rank == "0" else f"eegwarn: process {rank}: {line}", err=True)
    return code
