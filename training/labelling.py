"""Labels before and after correction: from a network's view of the recordings to what the next one learns from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.autolabel import CorrectedLabels, RoughLabels
from eegwarn.autolabel.changepoint import correct_by_changepoint, fit_mark_errors
from eegwarn.autolabel.context import context_without_clips, correct_by_context, fit_context
from eegwarn.errors import CohortError
from training.windows import LabelledRecording

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.label_rules import LabelRules


def rough_labels(recording: LabelledRecording, logit: NDArray[np.floating]) -> RoughLabels:
    """Put together what label correction takes, with a network's logits of shape (n_windows,)."""
    return RoughLabels(
        start_s=recording.windows.start_s,
        window_s=recording.windows.window_s,
        logit=np.asarray(logit, dtype=np.float64),
        noisy=recording.positive.astype(np.float32),
        clean=recording.clean,
        certain=recording.certain,
        counted=recording.counted,
        marks=recording.source.events,
    )


def correct_labels(
    roughs: Sequence[RoughLabels], config: "TrainConfig | LabelRules", rng: np.random.Generator
) -> tuple[CorrectedLabels, ...]:
    """Correct the labels of a training part by its network's logits, as ``config.method`` says.

    With too few clips the context model cannot be fitted; the change-point then rests on the network alone.

    Raises
    ------
    CohortError
        If the method is context and too few windows are known.
    """
    try:
        context = fit_context(roughs, config.context, rng)
    except CohortError:
        if config.method == "context":
            raise
        context = context_without_clips(roughs, config.context)
    if config.method == "context":
        return tuple(correct_by_context(context, each) for each in roughs)
    errors = fit_mark_errors(roughs, config.changepoint, context)
    return tuple(correct_by_changepoint(each, errors, context) for each in roughs)


def describe_correction(
    recordings: Sequence[LabelledRecording], corrected: Sequence[CorrectedLabels]
) -> dict[str, Any]:
    """Tell what a correction did: how sure the labels are, and where each mark moved."""
    soft = np.concatenate([each.soft[one.counted] for each, one in zip(corrected, recordings, strict=True)])
    sure = np.clip(soft[np.isfinite(soft)], 1e-6, 1 - 1e-6)
    onsets = [
        {"recording": one.fingerprint, **{name: round(value, 3) for name, value in vars(onset).items()}}
        for each, one in zip(corrected, recordings, strict=True)
        for onset in each.onsets
    ]
    return {
        "n_marks": len(onsets),
        "n_marks_doubted": sum(onset["p_seizure"] < 0.5 for onset in onsets),
        "n_known_windows": int(sum(np.isfinite(each.clean).sum() for each in recordings)),
        "label_entropy": float(-np.mean(sure * np.log(sure) + (1 - sure) * np.log(1 - sure))),
        "onsets": onsets,
    }
