"""Recordings as a network sees them, with known seizures: noise that is slow, and a rise that comes late."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

from eegwarn.autolabel import RoughLabels
from eegwarn.events import label_windows
from eegwarn.events.event import SeizureEvent
from eegwarn.events.labels import WindowState

WINDOW_S = 4.0


def simulated_logits(
    seizures: Sequence[SeizureEvent],
    marks: Sequence[SeizureEvent],
    rng: np.random.Generator,
    *,
    duration_s: float = 1800.0,
    hop_s: float = 1.0,
    calm: float = -3.0,
    clips_s: Sequence[float] = (),
) -> RoughLabels:
    """Logits rise by 6 within 12 s of an onset; what is labelled is 10 s from each of ``clips_s``, by the truth."""
    start_s = np.arange(0.0, duration_s - WINDOW_S, hop_s)
    centre_s = start_s + WINDOW_S / 2
    # An autoregression with a memory of about 5 s.
    memory = np.exp(-hop_s / 5)
    noise = lfilter([np.sqrt(1 - memory**2)], [1, -memory], rng.standard_normal(len(start_s)))
    logit = calm + noise
    true = np.zeros(len(start_s))
    for seizure in seizures:
        inside = (centre_s >= seizure.onset_s) & (centre_s < (seizure.offset_s or np.inf))
        logit[inside] += 6 * np.minimum((centre_s[inside] - seizure.onset_s) / 12, 1)
        true[inside] = 1
    clean = np.full(len(start_s), np.nan, dtype=np.float32)
    for clip_s in clips_s:
        chosen = (centre_s >= clip_s) & (centre_s < clip_s + 10)
        clean[chosen] = true[chosen]
    labels = label_windows(start_s, WINDOW_S, marks, horizon_s=0.0)
    ictal = labels.state == WindowState.ICTAL
    return RoughLabels(
        start_s=start_s,
        window_s=WINDOW_S,
        logit=logit,
        noisy=ictal.astype(np.float32),
        clean=clean,
        certain=labels.certain,
        counted=labels.state != WindowState.POSTICTAL,
        marks=tuple(marks),
    )


def marked_cohort(
    rng: np.random.Generator, *, late_s: float, n_recordings: int = 12, n_clips: int = 0, hop_s: float = 1.0
) -> list[tuple[RoughLabels, SeizureEvent]]:
    """Recordings with one seizure of 70 s each, marked late by about ``late_s``; some with a clip near the mark."""
    cohort = []
    for number in range(n_recordings):
        onset_s = float(rng.uniform(700, 900))
        seizure = SeizureEvent(onset_s, onset_s + 70)
        mark = SeizureEvent(onset_s + late_s * float(np.exp(0.4 * rng.standard_normal())), onset_s + 72)
        clips_s = [mark.onset_s + float(rng.uniform(-50, 20))] if number < n_clips else []
        calm = float(rng.uniform(-4, -2))
        rough = simulated_logits([seizure], [mark], rng, hop_s=hop_s, calm=calm, clips_s=clips_s)
        cohort.append((rough, seizure))
    return cohort


def truth(rough: RoughLabels, *seizures: SeizureEvent) -> np.ndarray:
    """Whether each window's centre lies in one of the seizures, shape (n_windows,)."""
    return np.any([(rough.centre_s >= s.onset_s) & (rough.centre_s < s.offset_s) for s in seizures], axis=0)
