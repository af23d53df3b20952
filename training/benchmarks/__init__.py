"""Tables of the documentation, each repeated by ``eegwarn benchmark NAME``.

A benchmark is a module of this package with ``run(out, progress, *, quick=False) -> str``: it writes its results with
their configuration and machine to the folder ``out`` and gives them as text. The first line of its docstring says what
it measures.
"""

import ast
import importlib
import pkgutil
from pathlib import Path

from eegwarn.bedside.scoring import Progress
from eegwarn.config import unknown_key_message
from eegwarn.errors import ConfigError


def shipped_benchmarks() -> dict[str, str]:
    """Name the benchmarks and what each measures, without importing them."""
    folder = Path(__file__).parent
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if not module.name.startswith("_"))
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in names}
    return {
        name: (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        for name, text in texts.items()
        if "\ndef run(" in text
    }


def run_benchmark(name: str, out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Run a benchmark and give its results as text.

    Parameters
    ----------
    name : str
        One of `shipped_benchmarks`.
    out : Path
        Folder for results; made where it is missing.
    progress : callable
        Told of every step.
    quick : bool
        Measure so little that it ends within minutes: enough to see that it works, not to quote.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    known = shipped_benchmarks()
    if name not in known:
        raise ConfigError(unknown_key_message(name, list(known)).replace("configuration key", "benchmark"))
    out.mkdir(parents=True, exist_ok=True)
    text: str = importlib.import_module(f"training.benchmarks.{name}").run(out, progress, quick=quick)
    return text
