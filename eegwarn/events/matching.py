"""Which alarm belongs to which seizure: the tolerances of SzCORE (Dan et al. 2024, Epilepsia, 10.1111/epi.18113)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegwarn.events.event import SeizureEvent, event_spans

TOLERANCE_BEFORE_S = 30.0
"""An alarm up to this long before a mark belongs to it."""
TOLERANCE_AFTER_S = 60.0
"""An alarm up to this long after a seizure's end still belongs to it."""
MERGE_GAP_S = 90.0
"""Events less than this apart are one."""
LONGEST_EVENT_S = 300.0
"""A longer event counts as several."""


def alarm_reach(seizures: Sequence[SeizureEvent], *, horizon_s: float = 0.0) -> NDArray[np.float64]:
    """Stretch of time in which an alarm belongs to each seizure; both ends are part of it.

    Parameters
    ----------
    seizures : sequence of SeizureEvent
        In any order; one without an offset ends at its onset.
    horizon_s : float
        How far before an onset a warning counts; 0 for detection.

    Returns
    -------
    ndarray, shape (n_seizures, 2)
        Start and end in s: from the tolerance before the onset, or the horizon if that is longer, to the tolerance
        after the offset.
    """
    return event_spans(seizures, before_s=max(TOLERANCE_BEFORE_S, horizon_s), after_s=TOLERANCE_AFTER_S)
