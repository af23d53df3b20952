"""What is fitted on the validation patients once the network is trained: probability and alarm threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.warning.alarm import AlarmConfig
from eegwarn.warning.calibrate import Calibration, fit_calibration, probability
from eegwarn.warning.threshold import choose_threshold
from training.config import TrainConfig
from training.windows import LabelledRecording


@dataclass(frozen=True)
class Fitted:
    """Calibration and alarm rule, with what they did on the validation patients."""

    calibration: Calibration
    alarm: AlarmConfig
    about: dict[str, Any]


def fit_warning(
    recordings: Sequence[LabelledRecording], logits: Sequence[NDArray[np.float64]], config: TrainConfig
) -> Fitted:
    """Calibrate the probability and choose the alarm threshold.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
        Of the validation patients, at their natural share of seizures.
    logits : sequence of ndarray, shape (n_windows,)
        One of each recording, NaN where a window is not usable.
    config : TrainConfig
        Alarm rule, horizon, and the false alarms wanted.

    Returns
    -------
    Fitted
        ``about`` is for the training record.

    Raises
    ------
    CohortError
        If no window could be judged.
    """
    counted_logit = np.concatenate([x[each.counted] for each, x in zip(recordings, logits, strict=True)])
    counted_label = np.concatenate([each.positive[each.counted] for each in recordings])
    calibration = fit_calibration(counted_logit, counted_label, config.calibration)
    choice = choose_threshold(
        [each.windows.end_s for each in recordings],
        [probability(calibration, logit) for logit in logits],
        [each.events for each in recordings],
        config.alarm,
        wanted_false_alarms_per_day=config.wanted_false_alarms_per_day,
        horizon_s=config.horizon_s,
    )
    about = {
        "hours": choice.judged_s / 3600,
        "threshold": choice.config.threshold,
        "false_alarms_per_day": choice.false_alarms_per_day,
        "highest_false_alarms_per_day": choice.highest_false_alarms_per_day,
        "time_in_warning": choice.time_in_warning,
        "caveats": [caveat for caveat in (calibration.caveat, choice.caveat) if caveat],
    }
    if np.isfinite(choice.sensitivity):
        about["sensitivity"] = choice.sensitivity
    return Fitted(calibration, choice.config, about)
