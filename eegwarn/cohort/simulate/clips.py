"""Clips as a clinician would label them who looks closely and never errs: the clean set of a simulated cohort."""

from collections.abc import Mapping, Sequence

import numpy as np

from eegwarn.events.clips import KnownStretch
from eegwarn.events.event import SeizureEvent

CLIP_S = 10.0
_BEFORE_MARK_S = 60.0
_AFTER_MARK_S = 30.0


def clips_near_marks(
    marks: Mapping[str, Sequence[SeizureEvent]],
    truth: Mapping[str, Sequence[SeizureEvent]],
    durations_s: Mapping[str, float],
    n_clips: int,
    rng: np.random.Generator,
) -> dict[str, tuple[KnownStretch, ...]]:
    """Label clips of 10 s that begin between 60 s before and 20 s after a mark, marks drawn by chance.

    Parameters
    ----------
    marks, truth : mapping of sequence of SeizureEvent
        Rough marks and seizures as they are, under the recording's name.
    durations_s : mapping of float
        Length of each recording.
    n_clips : int
        How many; the same mark may be drawn again.
    rng : numpy.random.Generator
        Source of every random number.

    Returns
    -------
    dict
        Stretches under the recording's name; a clip that holds an onset or offset gives two or more.
    """
    onsets = [(name, mark.onset_s) for name, events in marks.items() for mark in events]
    clips: dict[str, list[KnownStretch]] = {}
    for number in rng.integers(len(onsets), size=n_clips) if onsets else ():
        name, mark_s = onsets[number]
        start_s = mark_s + rng.uniform(-_BEFORE_MARK_S, _AFTER_MARK_S - CLIP_S)
        start_s = float(np.clip(start_s, 0, durations_s[name] - CLIP_S))
        clips.setdefault(name, []).extend(_judged(start_s, start_s + CLIP_S, truth[name]))
    return {name: tuple(stretches) for name, stretches in clips.items()}


def _judged(start_s: float, end_s: float, seizures: Sequence[SeizureEvent]) -> list[KnownStretch]:
    bounds = [(event.onset_s, event.offset_s or event.onset_s) for event in seizures]
    borders_s = np.unique(np.clip([start_s, end_s, *np.ravel(bounds)], start_s, end_s))
    middles_s = (borders_s[1:] + borders_s[:-1]) / 2
    return [
        KnownStretch(float(low), float(high), any(onset <= middle < offset for onset, offset in bounds))
        for low, high, middle in zip(borders_s[:-1], borders_s[1:], middles_s, strict=True)
    ]
