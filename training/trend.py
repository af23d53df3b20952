"""What the minutes before a window count: fitted on what the trained network says of the training recordings."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn

from eegwarn.signal.windows import Windows
from eegwarn.warning.trend import Trend, fit_trend, follow
from training.loop import Place
from training.network import Targets, judge_recordings
from training.windows import LabelledRecording


def learn_trend(
    network: nn.Module,
    training: Sequence[LabelledRecording],
    targets: Targets,
    place: Place,
    *,
    time_constants_s: tuple[float, ...],
    hop_s: float,
) -> Trend:
    """Fit the weights of the means on windows side by side: those that overlap say little new and cost time.

    Parameters
    ----------
    network : nn.Module
        Trained.
    training : sequence of LabelledRecording
        What it was trained on.
    targets : sequence of ndarray of float32, shape (n_windows,)
        What it was trained towards, one array a recording; NaN for windows that are not to be learned from.
    place : Place
        Where.
    time_constants_s : tuple of float
        Of the means.
    hop_s : float
        From one window to the next, in s.

    Returns
    -------
    Trend
    """
    every = max(1, int(training[0].windows.window_s / hop_s))
    wanted = [np.where(each.counted, target, np.nan)[::every] for each, target in zip(training, targets, strict=True)]
    thinned = [_thinned(each.windows, every) for each in training]
    logits = judge_recordings(network, thinned, place, stage="fit the trend")
    return fit_trend(logits, wanted, every * hop_s, time_constants_s)


def _thinned(windows: Windows, every: int) -> Windows:
    """Leave out all but each ``every``-th window."""
    kept = slice(None, None, every)
    return replace(
        windows,
        data=windows.data[kept],
        start_s=windows.start_s[kept],
        bad=windows.bad[kept],
        usable=windows.usable[kept],
    )


def keep_if_better(
    trend: Trend,
    validation: Sequence[LabelledRecording],
    logits: Sequence[NDArray[np.float64]],
    *,
    hop_s: float,
) -> tuple[Trend, list[NDArray[np.float64]]]:
    """Keep a trend only if it ranks the windows of the validation patients better than the windows do by themselves.

    Parameters
    ----------
    trend : Trend
        As `learn_trend` gives it.
    validation : sequence of LabelledRecording
        Not trained on.
    logits : sequence of ndarray, shape (n_windows,)
        What the network says of each one's windows, NaN where one is not usable.
    hop_s : float
        From one window to the next, in s.

    Returns
    -------
    trend : Trend
        The one given, or every window by itself.
    logits : list of ndarray, shape (n_windows,)
        Followed by it: what is calibrated.
    """
    followed = [follow(logit, hop_s, trend)[0] for logit in logits]
    if _auroc(validation, followed) > _auroc(validation, logits):
        return trend, followed
    return Trend(), list(logits)


def _auroc(recordings: Sequence[LabelledRecording], logits: Sequence[NDArray[np.float64]]) -> float:
    judged = [each.counted & np.isfinite(logit) for each, logit in zip(recordings, logits, strict=True)]
    label = np.concatenate([each.positive[kept] for each, kept in zip(recordings, judged, strict=True)])
    return float(
        roc_auc_score(label, np.concatenate([logit[kept] for logit, kept in zip(logits, judged, strict=True)]))
    )
