"""How good corrected labels are, and the network that learned from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from eegwarn.autolabel import CorrectedOnset
from eegwarn.evaluate.events import EventCounts, count_events
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.events.labels import WindowState, label_windows
from eegwarn.warning.alarm import AlarmConfig, alarm_events, find_alarms
from eegwarn.warning.calibrate import probability
from eegwarn.warning.threshold import choose_threshold
from training.benchmarks.label_study import Study, near_onsets
from training.config import TrainConfig
from training.fit import fit_warning
from training.windows import LabelledRecording

EARLY_S = (4.0, 20.0)
"""What counts as early: windows that end so long after the true onset, whatever their length."""

FIXED_RATE_PER_DAY = 24.0
"""False alarms a day, on the test patients themselves, at which latencies are compared."""


def score_labels(
    study: Study, soft: Sequence[NDArray[np.float32]], onsets: Sequence[Sequence[CorrectedOnset]] | None
) -> dict[str, float]:
    """Hold labels of the training windows against the truth, in the doubtful stretch and at the onsets.

    Parameters
    ----------
    study : Study
        With the truth.
    soft : sequence of ndarray, shape (n_windows,)
        Probability of a seizure of each window; NaN where none is given.
    onsets : sequence of sequence of CorrectedOnset, optional
        Of each recording's marks; the marks themselves if left out.
    """
    labels, truths, errors = [], [], []
    for number, (each, truth, near) in enumerate(zip(study.training, study.truth, near_onsets(study), strict=True)):
        state = label_windows(each.windows.start_s, each.windows.window_s, truth, horizon_s=0.0).state
        chosen = near & (state != WindowState.POSTICTAL) & np.isfinite(soft[number])
        labels.append(soft[number][chosen])
        truths.append(state[chosen] == WindowState.ICTAL)
        true_s = np.array([event.onset_s for event in truth])
        ends_s = np.array([event.offset_s or event.onset_s for event in truth])
        for place, mark in enumerate(each.source.events):
            of = np.flatnonzero((mark.onset_s > true_s - 60) & (mark.onset_s < ends_s))
            corrected_s = mark.onset_s if onsets is None else onsets[number][place].onset_s
            if of.size:
                errors.append(abs((corrected_s if np.isfinite(corrected_s) else mark.onset_s) - true_s[of[-1]]))
    label, truth_label = np.concatenate(labels), np.concatenate(truths)
    return {
        "label_auroc": float(roc_auc_score(truth_label, label)),
        "label_accuracy": float(np.mean((label >= 0.5) == truth_label)),
        "label_positive_share": float(np.mean(label >= 0.5)),
        "onset_error_s": float(np.median(errors)),
    }


def score_network(study: Study, validation: list[Any], test: list[Any], config: TrainConfig) -> dict[str, float]:
    """Hold a network's logits on the test patients against the truth.

    Parameters
    ----------
    study : Study
        Whose test part is labelled by the truth.
    validation, test : list of ndarray, shape (n_windows,)
        Logits of each recording.
    config : TrainConfig
        Alarm rule and wanted false alarms; calibration and threshold are fitted on the validation patients' marks.
    """
    return {
        **_early_windows(study.test, test),
        **_at_fixed_rate(study.test, test, config.alarm),
        **_events(study, validation, test, config),
    }


def _early_windows(recordings: Sequence[LabelledRecording], logits: list[Any]) -> dict[str, float]:
    early, calm, ictal = [], [], []
    for each, logit in zip(recordings, logits, strict=True):
        onsets_s = np.array([event.onset_s for event in each.source.events] or [np.inf])
        since_s = each.windows.end_s[:, None] - onsets_s  # (n_windows, n_seizures)
        is_early = ((since_s >= EARLY_S[0]) & (since_s <= EARLY_S[1])).any(axis=1)
        soon = ((since_s > -60) & (since_s < EARLY_S[0])).any(axis=1)
        known = np.isfinite(logit) & each.counted
        early.append(logit[known & is_early])
        ictal.append(logit[known & each.positive])
        calm.append(logit[known & ~each.positive & ~soon])
    first, later, none = (np.concatenate(part) for part in (early, ictal, calm))

    def auroc(some: NDArray[np.float64]) -> float:
        label = np.repeat([1, 0], [len(some), len(none)])
        return float(roc_auc_score(label, np.concatenate([some, none])))

    return {
        "early_auroc": auroc(first),
        "early_balanced_accuracy": float((np.mean(expit(first) >= 0.5) + np.mean(expit(none) < 0.5)) / 2),
        "ictal_auroc": auroc(later),
    }


def _at_fixed_rate(recordings: Sequence[LabelledRecording], logits: list[Any], rule: AlarmConfig) -> dict[str, float]:
    """Latency and sensitivity at the threshold that gives one false alarm an hour on these very recordings."""
    levels = [expit(logit) for logit in logits]
    ends = [each.windows.end_s for each in recordings]
    events = [each.source.events for each in recordings]
    choice = choose_threshold(ends, levels, events, rule, wanted_false_alarms_per_day=FIXED_RATE_PER_DAY)
    delays = []
    for end_s, level, seizures in zip(ends, levels, events, strict=True):
        alarms = alarm_events(find_alarms(end_s, level, choice.config)[0], end_s=float(end_s[-1]))
        delays.append(-warning_times_s(seizures, alarms))
    delay_s = np.concatenate(delays)
    return {
        "sensitivity_at_rate": float(np.mean(np.isfinite(delay_s))),
        "latency_at_rate_s": float(np.nanmedian(delay_s)) if np.isfinite(delay_s).any() else float("nan"),
        "within_15_s_at_rate": float(np.mean(delay_s <= 15)),
    }


def _events(study: Study, validation: list[Any], test: list[Any], config: TrainConfig) -> dict[str, float]:
    fitted = fit_warning(study.validation, validation, config)
    counts = EventCounts()
    for each, logit in zip(study.test, test, strict=True):
        end_s = each.windows.end_s
        alarms, _ = find_alarms(end_s, probability(fitted.calibration, logit), fitted.alarm)
        found = alarm_events(alarms, end_s=float(end_s[-1]))
        counts = counts + count_events(each.source.events, found, duration_s=each.source.duration_s)
    return {
        "event_f1": counts.f1,
        "event_sensitivity": counts.sensitivity,
        "false_alarms_per_day": counts.false_alarms_per_day,
    }
