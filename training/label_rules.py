"""How the training of a model made labels of marks, as its record tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from eegwarn.autolabel.changepoint import ChangePointConfig
from eegwarn.autolabel.context import ContextConfig
from eegwarn.config import from_table
from eegwarn.errors import ConfigError, ModelError
from eegwarn.events.labels import LabelConfig


@dataclass(frozen=True)
class LabelRules:
    """The part of a `training.config.TrainConfig` that bears on labels alone; it is read without loading torch.

    Parameters
    ----------
    method : str
        How labels near the onset were treated.
    horizon_s : float
        How far before an onset windows count as positive, in s; 0 for a detector.
    labels : LabelConfig
        How marks become labels.
    context : ContextConfig
        The context label model.
    changepoint : ChangePointConfig
        How marks err.
    """

    method: str = "changepoint"
    horizon_s: float = 0.0
    labels: LabelConfig = field(default_factory=LabelConfig)
    context: ContextConfig = field(default_factory=ContextConfig)
    changepoint: ChangePointConfig = field(default_factory=ChangePointConfig)


def rules_of(record: Mapping[str, Any]) -> LabelRules:
    """Read the rules from a model's training record.

    Raises
    ------
    ModelError
        If the record holds no such configuration.
    """
    config = record.get("config")
    if not isinstance(config, Mapping):
        raise ModelError("The model's training record does not say how its labels were made. Train it again.")
    known = {each.name for each in fields(LabelRules)}
    try:
        return from_table(LabelRules, {name: value for name, value in config.items() if name in known})
    except ConfigError as error:
        raise ModelError(f"The model's training record is not valid: {error} Train it again.") from error
