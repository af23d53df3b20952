"""How long before the onset, or after it, a warning came."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegwarn.events.event import SeizureEvent, event_spans
from eegwarn.events.matching import TOLERANCE_BEFORE_S, alarm_reach


def warning_times_s(
    seizures: Sequence[SeizureEvent],
    alarms: Sequence[SeizureEvent],
    *,
    horizon_s: float = 0.0,
) -> NDArray[np.float64]:
    """Time from the first alarm of each seizure to its onset: positive before it, negative after it.

    Parameters
    ----------
    seizures, alarms : sequence of SeizureEvent
        In any order.
    horizon_s : float
        How long before an onset an alarm counts as an early warning. An alarm that was raised earlier and still lasts
        is credited with no more than this (or SzCORE's tolerance, where that is longer). One that was raised by a
        seizure before, and cleared, is no warning of the next.

    Returns
    -------
    ndarray, shape (n_seizures,)
        In the order of ``seizures``; NaN where no alarm came.
    """
    before_s = max(horizon_s, TOLERANCE_BEFORE_S)
    reach = alarm_reach(seizures, horizon_s=horizon_s)
    alarm = event_spans(alarms)
    # (n_seizures, n_alarms)
    belongs = (alarm[:, 0] <= reach[:, 1:]) & (alarm[:, 1] >= reach[:, :1])
    onset_s = reach[:, :1] + before_s
    raised_by = (alarm[:, 0] >= onset_s) & (alarm[:, 0] <= reach[:, 1:])
    lasts = alarm[:, 1] >= onset_s - TOLERANCE_BEFORE_S
    by_an_earlier = (onset_s > onset_s.T).astype(int) @ raised_by.astype(int) > 0
    belongs &= ~by_an_earlier | lasts
    ahead_s = np.where(belongs, np.minimum(onset_s - alarm[:, 0], before_s), -np.inf)
    earliest_s = np.max(ahead_s, axis=1, initial=-np.inf)
    return np.where(np.isfinite(earliest_s), earliest_s, np.nan)
