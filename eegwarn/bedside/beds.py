"""What ``beds.toml`` says: which beds are watched, on which source, with which model; how long levels are kept."""

from dataclasses import dataclass, replace
from pathlib import Path

from eegwarn.bedside.log import Retention
from eegwarn.config import from_table, read_toml
from eegwarn.errors import ConfigError

_LSL = "lsl:"


@dataclass(frozen=True)
class BedPlan:
    """What ``beds.toml`` says of a bed.

    Parameters
    ----------
    source : str
        A recording, its path as seen from the folder of ``beds.toml``, or ``lsl:NAME``.
    speed : float
        How many times faster than real time a recording is played; 0 for as fast as possible.
    model : str
        A model file, its path as seen from the folder of ``beds.toml``; empty for that of the command line.
    """

    source: str
    speed: float = 1.0
    model: str = ""

    def __post_init__(self) -> None:
        if not self.source or self.source == _LSL:
            raise ConfigError(f"source = {self.source!r} names nothing. Give a recording, or lsl:NAME.")
        if not self.speed >= 0:
            raise ConfigError(f"speed = {self.speed} must be above 0, or 0 for as fast as possible.")

    @property
    def stream(self) -> str | None:
        """Name of the live stream; None where the source is a recording."""
        return self.source.removeprefix(_LSL) if self.source.startswith(_LSL) else None


def read_beds(path: Path, model: str = "") -> tuple[dict[str, BedPlan], Retention]:
    """Read ``beds.toml``: above all tables how long levels are kept, then a table for each bed.

    Parameters
    ----------
    path : Path
        The file.
    model : str
        Model of the beds that name none.

    Returns
    -------
    plans : dict
        Plan by name of the bed, with paths as seen from here.
    retention : Retention
        Of all beds.

    Raises
    ------
    ConfigError
        If the file cannot be read, names no bed, or says what is not allowed.
    """
    table = read_toml(path)
    entries = {name: entry for name, entry in table.items() if isinstance(entry, dict)}
    if not entries:
        raise ConfigError(f'{str(path)!r} must have a table for each bed, such as ["bed 1"] with source = "lsl:EEG1".')
    plans = {name: from_table(BedPlan, entry, where=f"{name}.") for name, entry in entries.items()}
    retention = from_table(Retention, {key: value for key, value in table.items() if key not in entries})
    return {name: _from_folder(plan, path.parent, model) for name, plan in plans.items()}, retention


def _from_folder(plan: BedPlan, folder: Path, model: str) -> BedPlan:
    source = str(folder / plan.source) if plan.stream is None else plan.source
    return replace(plan, source=source, model=str(folder / plan.model) if plan.model else model)
