"""Which labels of the store a training learns from, and why it leaves the others."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegwarn.cohort import Split
from eegwarn.events.clips import known_labels
from eegwarn.store.answer import Label
from eegwarn.store.consensus import known_stretches
from eegwarn.store.labels import LabelRow
from training.windows import Clips, LabelledRecording

UNSURE = "the rater was unsure"
DISAGREED = "contradicted by as many others"
VALIDATION = "of validation patients"
HELD_OUT = "of held-out patients"
GONE = "of recordings that are not in the cohort"
UNJUDGED = "no window of the clip can be judged"


@dataclass(frozen=True)
class LabelUse:
    """Labels, each with the reason why it is not used; None where it is.

    Parameters
    ----------
    rows : tuple of LabelRow
        The labels that count now.
    reasons : tuple of str or None
        One each.
    """

    rows: tuple[LabelRow, ...]
    reasons: tuple[str | None, ...]

    @property
    def used(self) -> tuple[LabelRow, ...]:
        """The labels that training learns from."""
        return tuple(row for row, reason in zip(self.rows, self.reasons, strict=True) if reason is None)

    @property
    def unused(self) -> dict[str, int]:
        """How many labels are left for each reason."""
        return dict(Counter(reason for reason in self.reasons if reason is not None))

    @property
    def gone(self) -> tuple[str, ...]:
        """Names that labelled recordings had which are not in the cohort."""
        rows = zip(self.rows, self.reasons, strict=True)
        return tuple(sorted({row.clip.recording.name for row, reason in rows if reason == GONE}))

    def describe(self) -> dict[str, Any]:
        """Describe the labels for the training record: how many, on what, and a hash of which."""
        return {
            "n_used": len(self.used),
            "n_clips": len({row.clip.id for row in self.used}),
            "n_recordings": len({row.clip.recording.id for row in self.used}),
            "n_patients": len({row.clip.recording.patient for row in self.used}),
            "fingerprint": hashlib.sha256("\n".join(sorted(row.uid for row in self.used)).encode()).hexdigest(),
            "unused": [{"reason": reason, "n": n} for reason, n in self.unused.items()],
        }


def sort_labels(present: Sequence[LabelRow], split: Split) -> LabelUse:
    """Say which labels a training on this split may learn from.

    Parameters
    ----------
    present : sequence of LabelRow
        One of each rater and clip; see `eegwarn.store.labels.present_labels`.
    split : Split
        Labels of its training part are used, wherever the recordings lie now.
    """
    parts = ((split.train, None), (split.validation, VALIDATION), (split.test, HELD_OUT))
    part_of = {each.content(): reason for part, reason in parts for each in part}
    clips: dict[int, list[LabelRow]] = {}
    for row in present:
        clips.setdefault(row.clip.id, []).append(row)
    agreed = {number: bool(known_stretches(rows)) for number, rows in clips.items()}
    return LabelUse(tuple(present), tuple(_why_unused(row, part_of, agreed) for row in present))


def _why_unused(row: LabelRow, part_of: Mapping[str, str | None], agreed: Mapping[int, bool]) -> str | None:
    if (print_ := row.clip.recording.fingerprint) not in part_of:
        return GONE
    if part_of[print_] is not None:
        return part_of[print_]
    if row.answer is None or row.answer.label is Label.UNSURE:
        return UNSURE
    return None if agreed[row.clip.id] else DISAGREED


def leave_unjudged(use: LabelUse, training: Sequence[LabelledRecording], clips: Clips) -> LabelUse:
    """Leave labels of clips in which no window can be judged (too short, or the EEG is too bad), or all are contested.

    Parameters
    ----------
    use : LabelUse
        From `sort_labels`.
    training : sequence of LabelledRecording
        The training part as it was read.
    clips : mapping
        What all labels together say; see `eegwarn.store.consensus.known_stretches`.
    """
    windows = {each.fingerprint: each.windows for each in training}
    known = {
        print_: known_labels(seen.centre_s[seen.usable], clips.get(print_, ())) for print_, seen in windows.items()
    }

    def why_unused(row: LabelRow) -> str | None:
        print_ = row.clip.recording.fingerprint
        if print_ not in windows:
            return UNJUDGED
        centre_s = windows[print_].centre_s[windows[print_].usable]
        inside = (centre_s >= row.clip.start_s) & (centre_s < row.clip.end_s)
        if not inside.any():
            return UNJUDGED
        return None if np.isfinite(known[print_][inside]).any() else DISAGREED

    rows = zip(use.rows, use.reasons, strict=True)
    return LabelUse(use.rows, tuple(why_unused(row) if reason is None else reason for row, reason in rows))
