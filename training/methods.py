"""How rough labels are treated: the methods behind ``--method``."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from training.config import TrainConfig
from training.labelling import correct_labels, describe_correction, rough_labels
from training.learned import Learned
from training.loop import Place
from training.meta import learn_by_meta
from training.network import judge_recordings, train_network
from training.windows import LabelledRecording


def learn(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
    *,
    start: nn.Module | None = None,
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
    start : nn.Module, optional
        Network from whose weights every training of the method goes on, left as it is; new ones if left out.

    Returns
    -------
    Learned
        Of the network that learned from the marks as they are, with a caveat, where that one recognises no mark as a
        seizure: labels cannot be corrected by what it says.

    Raises
    ------
    CohortError
        If a part lacks windows of a class, or the clean set has too few for the method.
    ModelError
        If a checkpoint is of another training, or a loss is not finite.
    """
    config = config.settled()
    if config.method == "plain":
        state = train_network(training, [each.target for each in training], validation, config, place, start=start)
        return Learned(state.network, state)
    if config.method == "meta":
        return learn_by_meta(training, validation, config, place, start)
    return _learn_twice(training, validation, config, place, start)


def _learn_twice(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
    start: nn.Module | None,
) -> Learned:
    """Train on the marks, correct the labels by what that network says, and train anew on those.

    The first network is not told the clips: the label models are fitted on what it says about them.
    """
    marked = [each.positive.astype(np.float32) for each in training]
    first = train_network(training, marked, validation, config, place, stage="train on the marks", start=start)
    logits = judge_recordings(first.network, [each.windows for each in training], place, stage="judge the marks")
    roughs = [rough_labels(each, logit) for each, logit in zip(training, logits, strict=True)]
    labels = correct_labels(roughs, config, np.random.default_rng((config.seed, 3)))
    soft = place.ranks.of_first([each.soft for each in labels])
    if not any((each[one.counted] >= 0.5).any() for each, one in zip(soft, training, strict=True)):
        caveat = (
            f"The labels are the marks as they are: by what the network that was trained on them says (AUROC "
            f"{first.best_score:.2f} on the validation patients), none of {sum(len(each.onsets) for each in labels)} "
            "marks is a seizure. Train longer, or give more recordings."
        )
        return Learned(first.network, first, about={"caveats": [caveat]})
    state = train_network(training, soft, validation, config, place, stage="train on corrected labels", start=start)
    return Learned(state.network, state, labels, describe_correction(training, labels))
