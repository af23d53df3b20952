"""How rough labels are treated: the methods behind ``--method``."""

from collections.abc import Sequence

import numpy as np

from training.config import TrainConfig
from training.learned import Learned
from training.loop import Place
from training.network import train_network
from training.windows import LabelledRecording


def learn(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
) -> Learned:
    """Train a network on rough labels by ``config.method``.

    Parameters
    ----------
    training, validation : sequence of LabelledRecording
        Of different persons; known labels of the training part are its clean set.
    config : TrainConfig
        How.
    place : Place
        Where.

    Raises
    ------
    CohortError
        If a part lacks windows of a class, or the clean set has too few for the method.
    ModelError
        If a checkpoint is of another training, or a loss is not finite.
    """
    if config.method == "plain":
        state = train_network(training, [each.target for each in training], validation, config, place)
        return Learned(state.network, state)
    from training.meta import learn_by_meta

    if config.method == "meta":
        return learn_by_meta(training, validation, config, place)
    return _learn_twice(training, validation, config, place)


def _learn_twice(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
) -> Learned:
    """Train on the marks, correct the labels by what that network says, and train from scratch on those."""
    from training.labelling import correct_labels, describe_correction, rough_labels

    marked = [each.target for each in training]
    first = train_network(training, marked, validation, config, place, stage="train on the marks")
    roughs = rough_labels(first.network, training, place.device)
    labels = correct_labels(roughs, config, np.random.default_rng((config.seed, 3)))
    soft = [each.soft for each in labels]
    state = train_network(training, soft, validation, config, place, stage="train on corrected labels")
    return Learned(state.network, state, labels, describe_correction(roughs, labels))
