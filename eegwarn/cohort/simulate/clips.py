"""Clips as a clinician would label them who looks closely and never errs: the clean set of a simulated cohort."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eegwarn.cohort.reading import read_cohort
from eegwarn.cohort.simulate.write import DERIVATIVES, TRUTH
from eegwarn.events.clips import KnownStretch, write_clips
from eegwarn.events.event import SeizureEvent

CLIPS = "clips.tsv"
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
        clips.setdefault(name, []).extend(judged_clip(start_s, start_s + CLIP_S, truth[name]))
    return {name: tuple(stretches) for name, stretches in clips.items()}


def write_simulated_clips(folder: Path, n_clips: int, *, seed: int) -> None:
    """Write ``clips.tsv`` into a simulated cohort's folder: clips near the first rater's marks, labelled by the truth.

    Parameters
    ----------
    folder : Path
        As `eegwarn.cohort.simulate.write_cohort` left it.
    n_clips : int
        How many.
    seed : int
        Of the choice of clips.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    recordings = read_cohort(folder).recordings
    truth: dict[str, list[SeizureEvent]] = {recording.name: [] for recording in recordings}
    for path in sorted((folder / DERIVATIVES / TRUTH).glob("*.json")):
        patient = json.loads(path.read_text(encoding="utf-8"))
        for file in patient["files"]:
            for seizure in patient["seizures"]:
                onset_s, offset_s = (seizure[name] - file["start_s"] for name in ("onset_s", "offset_s"))
                if file["name"] in truth and onset_s < file["duration_s"] and offset_s > 0:
                    truth[file["name"]].append(SeizureEvent(onset_s, offset_s))
    clips = clips_near_marks(
        {recording.name: recording.events for recording in recordings},
        truth,
        {recording.name: recording.duration_s for recording in recordings},
        n_clips,
        np.random.default_rng((seed, 12)),
    )
    write_clips(folder / CLIPS, clips)


def judged_clip(start_s: float, end_s: float, seizures: Sequence[SeizureEvent]) -> list[KnownStretch]:
    """Label the clip from ``start_s`` to ``end_s`` by the truth: a stretch of either kind between its borders."""
    bounds = [(event.onset_s, event.offset_s or event.onset_s) for event in seizures]
    borders_s = np.unique(np.clip([start_s, end_s, *np.ravel(bounds)], start_s, end_s))
    middles_s = (borders_s[1:] + borders_s[:-1]) / 2
    return [
        KnownStretch(float(low), float(high), any(onset <= middle < offset for onset, offset in bounds))
        for low, high, middle in zip(borders_s[:-1], borders_s[1:], middles_s, strict=True)
    ]
