"""What a patient's warnings say at every moment at which a seizure could begin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from eegwarn.evaluate.forecast import ForecastRule, foreseeable_onsets, seizure_times, warning_times
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.evaluate.spans import Spans, covered, merge_spans
from eegwarn.events.event import event_spans
from eegwarn.events.matching import TOLERANCE_AFTER_S, TOLERANCE_BEFORE_S


@dataclass(frozen=True)
class Moments:
    """A patient's moments in time order, over all recordings, and where among them the seizures began.

    Parameters
    ----------
    level : ndarray, shape (n_moments,)
        The highest warning level that could have warned of a seizure beginning then: at any lower threshold the moment
        is in warning. Minus infinity where nothing was said.
    in_warning : ndarray of bool, shape (n_moments,)
        Whether an alarm did warn of it.
    onset : ndarray of int, shape (n_seizures,)
        Moments at which seizures began.
    """

    level: NDArray[np.float64]
    in_warning: NDArray[np.bool_]
    onset: NDArray[np.intp]

    @property
    def needed_share(self) -> NDArray[np.float64]:
        """Time in warning at the threshold that just warns of each moment, shape (n_moments,); ties count half."""
        order = np.sort(self.level)
        above = order.size - np.searchsorted(order, self.level, side="right")
        equal = np.searchsorted(order, self.level, side="right") - np.searchsorted(order, self.level, side="left")
        return (above + equal / 2) / max(order.size, 1)


def patient_moments(recordings: Sequence[ScoredRecording], rule: ForecastRule | None) -> Moments:
    """Collect the moments of one patient.

    Of a model that foresees, a moment is warned of by what was said between SPH + SOP and SPH before it, outside of
    seizures and the time after them; it counts where ``ForecastCounts.judged_s`` does. Of a model that detects, it is
    warned of by what is said from 30 s before to 60 s after it, and all moments count.

    Parameters
    ----------
    recordings : sequence of ScoredRecording
        Of one patient.
    rule : ForecastRule or None
        None for a model that detects.
    """
    parts = [_of_recording(one, rule) for one in recordings]
    n_before = np.cumsum([0, *(part.level.size for part in parts)])
    return Moments(
        np.concatenate([part.level for part in parts]),
        np.concatenate([part.in_warning for part in parts]),
        np.concatenate([part.onset + before for part, before in zip(parts, n_before, strict=False)]),
    )


def _of_recording(recording: ScoredRecording, rule: ForecastRule | None) -> Moments:
    time_s, duration_s = recording.time_s, recording.duration_s
    said = np.where(np.isfinite(recording.level), recording.level, -np.inf)
    if rule is None:
        onsets_s = np.array([event.onset_s for event in recording.seizures])
        reach_s = (-TOLERANCE_BEFORE_S, TOLERANCE_AFTER_S)
        closed: Spans = np.empty((0, 2))
        # An alarm finds the onset of a seizure that begins up to 30 s after it, or began up to 60 s before it.
        heard = event_spans(recording.alarms, before_s=TOLERANCE_AFTER_S, after_s=TOLERANCE_BEFORE_S)
        warning = merge_spans(heard, duration_s=duration_s)
    else:
        onsets_s = foreseeable_onsets(recording.marked, rule, duration_s=duration_s)
        reach_s = (-rule.sph_s - rule.sop_s, -rule.sph_s)
        closed = seizure_times(recording.marked, rule, duration_s=duration_s)
        said[covered(time_s, closed)] = -np.inf
        warning = warning_times(recording.marked, recording.alarms, rule, duration_s=duration_s)
    earliest, latest = (round(each / recording.hop_s) for each in reach_s)
    open_ = np.isfinite(recording.level) & ~covered(time_s, closed) & (time_s >= (rule.sph_s if rule else 0.0))
    kept = np.flatnonzero(open_)
    if not kept.size:
        return Moments(np.empty(0), np.empty(0, dtype=bool), np.empty(0, dtype=np.intp))
    onset = np.searchsorted(time_s[kept], onsets_s, side="right") - 1
    return Moments(
        _highest(said, earliest, latest)[kept], covered(time_s, warning)[kept], np.maximum(onset, 0).astype(np.intp)
    )


def _highest(level: NDArray[np.float64], earliest: int, latest: int) -> NDArray[np.float64]:
    """Highest of the values from ``earliest`` to ``latest`` places after each, both counted; minus infinity outside."""
    before = max(0, -earliest)
    padded = np.pad(level, (before, max(0, latest)), constant_values=-np.inf)
    size = latest - earliest + 1
    # With this origin the value at i is the highest of those from i on.
    highest: NDArray[np.float64] = maximum_filter1d(padded, size, mode="constant", cval=-np.inf, origin=-(size // 2))
    return highest[np.arange(level.size) + earliest + before]
