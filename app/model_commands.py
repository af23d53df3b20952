"""From what was chosen on the models page to the arguments of a command; paths as seen from the dashboard's folder."""

from collections.abc import Sequence
from pathlib import Path

from app.folder import MODEL_SUFFIX, find_files
from eegwarn.cohort.listing import RECORDING_SUFFIXES, natural_key
from eegwarn.errors import ConfigError


def train_arguments(
    data: str, out: str, *, config: str, backbone: str, method: str, horizon_s: float, settings: Sequence[str]
) -> tuple[str, ...]:
    """Train a model on a cohort."""
    chosen = (f"--config={config}", f"--backbone={backbone}", f"--method={method}", f"--horizon-s={horizon_s:g}")
    return ("train", f"--out={out}", *chosen, *_settings(settings), "--", data)


def retrain_arguments(
    model: str, data: str, out: str, *, start: str, by: str, store: Path | None, settings: Sequence[str]
) -> tuple[str, ...]:
    """Train a model again with the labels in the store, which is named where the environment does not tell it."""
    place = () if store is None else (f"--store={store}",)
    chosen = (f"--out={out}", f"--from={start}", f"--by={by}", *place)
    return ("retrain", *chosen, *_settings(settings), "--", model, data)


def quantize_arguments(
    model: str, data: str, out: str, *, bits: int, method: str, settings: Sequence[str]
) -> tuple[str, ...]:
    """Make a model small."""
    return ("quantize", f"--out={out}", f"--bits={bits}", f"--method={method}", *_settings(settings), "--", model, data)


def evaluate_arguments(model: str, data: str) -> tuple[str, ...]:
    """Judge a model on the patients that its training never saw."""
    return ("evaluate", "--", model, data)


def title_of(arguments: Sequence[str]) -> str:
    """Say what one of the commands above does."""
    out = next((each.removeprefix("--out=") for each in arguments if each.startswith("--out=")), "")
    about = arguments[arguments.index("--") + 1]
    return {
        "train": f"Train {out}",
        "retrain": f"Retrain {about} as {out}",
        "quantize": f"Make {out} of {about}",
        "evaluate": f"Evaluate {about}",
    }[arguments[0]]


def read_settings(text: str) -> tuple[str, ...]:
    """Read settings, one a line, such as ``steps=2000``.

    Raises
    ------
    ConfigError
        If a line is none.
    """
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    for line in lines:
        if "=" not in line.strip("="):
            raise ConfigError(f"A setting is written NAME=VALUE, one a line, but got {line!r}.")
    return lines


def checked_name(name: str, folder: Path) -> str:
    """Give the name of a model file to be made in the folder.

    Raises
    ------
    ConfigError
        If it is no plain name, or there is such a file.
    """
    name = name.strip()
    stem = name.removesuffix(MODEL_SUFFIX)
    if not stem or Path(name).name != name or name.startswith(("-", ".")) or not name.isprintable():
        raise ConfigError(f"A model is called by a plain file name, such as model-2{MODEL_SUFFIX}, but got {name!r}.")
    if (folder / f"{stem}{MODEL_SUFFIX}").exists():
        raise ConfigError(f"{stem}{MODEL_SUFFIX} is there already. Choose another name.")
    return f"{stem}{MODEL_SUFFIX}"


def free_name(folder: Path, stem: str, ending: str = "") -> str:
    """Propose a name that is not taken, such as ``model-2.eegwarn``, or ``model-4bit.eegwarn`` with ``ending``."""
    names = [f"{stem}{ending}{MODEL_SUFFIX}"] if ending else []
    numbered = (f"{stem}{ending}-{number}{MODEL_SUFFIX}" for number in range(2, 1000))
    return next(name for name in (*names, *numbered) if not (folder / name).exists())


def data_folders(folder: Path) -> tuple[str, ...]:
    """Find what may be a cohort: the folders directly below this one that hold recordings, and itself."""
    found = {path.relative_to(folder) for path in find_files(folder, RECORDING_SUFFIXES)}
    tops = {Path(path.parts[0]) if len(path.parts) > 1 else Path() for path in found}
    return tuple(str(top) for top in sorted(tops, key=natural_key))


def _settings(settings: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"--set={each}" for each in settings)
