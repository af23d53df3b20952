"""The one-file model ``NAME.eegwarn``: everything that turns a recording into alarms, and how it came to be.

Its seal finds damage; it is no signature. The network inside is run as it is: one that was made to harm can use up the
computer's memory. Use models from people you trust.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from eegwarn.bedside.archive import pack, unpack
from eegwarn.config import from_table, parse_toml, to_table, to_toml
from eegwarn.errors import ConfigError, ModelError, OutputError
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.windows import WindowConfig
from eegwarn.warning.alarm import AlarmConfig
from eegwarn.warning.calibrate import Calibration
from eegwarn.warning.trend import Trend
from eegwarn.whole_file import whole_file

FORMAT = 1
"""Version of the file's layout; a reader refuses any other."""

_WEIGHTS = "weights.safetensors"
_MEMBERS = ("config.toml", "model.onnx", "record.toml")


@dataclass(frozen=True)
class Precision:
    """In what numbers the network computes.

    Parameters
    ----------
    weight_bits : int
        Of a weight, 32 for floating point; fewer than 8 are stored and computed in 8.
    activation_bits : int
        Of what lies between the layers that compute in whole numbers.
    reduced_range : bool
        Whether weights of 8 bits leave one unused, which processors without VNNI need for a right result.
    """

    weight_bits: int = 32
    activation_bits: int = 32
    reduced_range: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.weight_bits <= 32 and self.activation_bits in (8, 32)):
            raise ConfigError(
                "precision.weight_bits must lie between 1 and 32 and .activation_bits be 8 or 32, but got "
                f"{self.weight_bits} and {self.activation_bits}."
            )


@dataclass(frozen=True)
class ModelConfig:
    """What ``config.toml`` holds: how a recording becomes windows, logits, probabilities and alarms.

    Parameters
    ----------
    format : int
        Version of the file's layout.
    horizon_s : float
        How far before the onset a warning counts as early warning, in s; 0 for detection.
    signal : SignalConfig
        What is done to the signal.
    windows : WindowConfig
        How it is cut.
    trend : Trend
        From each window's logit and those before it to the logit that counts.
    calibration : Calibration
        From logits to the warning level.
    alarm : AlarmConfig
        From the warning level to alarms.
    precision : Precision
        In what numbers the network computes.
    backbone : dict
        ``kind`` and size of the network, kept as a table: only training rebuilds the network from it.
    """

    format: int = FORMAT
    horizon_s: float = 0.0
    signal: SignalConfig = field(default_factory=SignalConfig)
    windows: WindowConfig = field(default_factory=WindowConfig)
    trend: Trend = field(default_factory=Trend)
    calibration: Calibration = field(default_factory=Calibration)
    alarm: AlarmConfig = field(default_factory=AlarmConfig)
    precision: Precision = field(default_factory=Precision)
    backbone: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.horizon_s < inf:
            raise ConfigError(f"horizon_s must be at least 0 s and finite, but got {self.horizon_s}.")


@dataclass(frozen=True)
class Bundle:
    """A model as read from its file, or about to be written.

    Parameters
    ----------
    config : ModelConfig
        From signal to alarm.
    onnx : bytes
        The network for the bedside runtime: windows in µV, shape (batch, 18, n_times), to logits, shape (batch,).
    weights : bytes or None
        The same network's weights as safetensors, for further training; None in a small model, which leaves them out.
    record : dict
        How it was trained: data fingerprint, patients, seed, versions, resolved configuration, metrics.
    """

    config: ModelConfig
    onnx: bytes
    weights: bytes | None
    record: dict[str, Any] = field(default_factory=dict)

    def trainable_weights(self) -> bytes:
        """Give the weights for further training.

        Raises
        ------
        ModelError
            If they were left out.
        """
        if self.weights is None:
            raise ModelError(
                f"The model was made small ({self.config.precision.weight_bits} bits) and holds no weights to train "
                "further: it can be evaluated and run. Take the model that it was made from."
            )
        return self.weights


def write_bundle(path: Path, bundle: Bundle, *, overwrite: bool = False) -> None:
    """Write a model file, as a whole or not at all; equal models give equal bytes.

    Parameters
    ----------
    path : Path
        Usually ``NAME.eegwarn``.
    bundle : Bundle
        The model.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is False, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{str(path)!r} already exists. Choose another name, or allow it to be overwritten.")
    with whole_file(path) as file:
        file.write(packed(bundle))


def packed(bundle: Bundle) -> bytes:
    """Give the content of the file that `write_bundle` writes."""
    members = {
        "config.toml": to_toml(to_table(bundle.config)).encode(),
        "model.onnx": bundle.onnx,
        "record.toml": to_toml(bundle.record).encode(),
    }
    return pack(members if bundle.weights is None else {**members, _WEIGHTS: bundle.weights})


def read_bundle(path: Path | str) -> Bundle:
    """Read a model file.

    Parameters
    ----------
    path : Path or str
        ``NAME.eegwarn``.

    Raises
    ------
    ModelError
        If it cannot be read, is no model file, was cut short, altered or made to harm, or is of another version.
    """
    path = Path(path)
    members = unpack(path, _MEMBERS, may_lack=(_WEIGHTS,))
    config = _table(members["config.toml"], path)
    if config.get("format") != FORMAT:
        raise ModelError(
            f"{str(path)!r} has format {config.get('format')!r}; this version of eegwarn reads format {FORMAT}. "
            "Use the version that wrote it, or train again."
        )
    try:
        model_config = from_table(ModelConfig, config)
    except ConfigError as error:
        raise ModelError(f"{str(path)!r} was refused: its configuration is not valid. {error}") from error
    return Bundle(
        model_config, members["model.onnx"], members.get(_WEIGHTS), dict(_table(members["record.toml"], path))
    )


def _table(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        table = parse_toml(content.decode())
        to_toml(table)  # tables nested deep can be read, but then neither shown nor written
    except (ValueError, RecursionError) as error:  # as for `read_toml`
        raise ModelError(f"{str(path)!r} was refused: its TOML cannot be read ({error}).") from error
    return table
