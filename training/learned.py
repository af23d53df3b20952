"""What a training method gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from eegwarn.autolabel import CorrectedLabels
from training.checkpoint import TrainState
from training.network import Targets
from training.windows import LabelledRecording


@dataclass(frozen=True)
class Learned:
    """What a method gives.

    Parameters
    ----------
    network : nn.Module
        From windows in µV to logits: what warns.
    state : TrainState
        The last training, with its history.
    labels : tuple of CorrectedLabels
        What the labels of the training recordings became; empty where the marks were taken as they are.
    about : dict
        What the method did to the labels, for the training record.
    """

    network: nn.Module
    state: TrainState
    labels: tuple[CorrectedLabels, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def targets(self, training: Sequence[LabelledRecording]) -> Targets:
        """Give what the network was asked to say of each training recording's windows: corrected, or as marked."""
        return [each.soft for each in self.labels] or [each.target for each in training]
