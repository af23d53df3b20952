"""From candidates to the clips of a batch: the policy's, some that the model is surest of, and some shown once more.

Uncertainty alone serves little but calm where seizures are rare, so one clip in five is one of the highest scores that
nobody has labelled. One in twenty is a clip that a rater has labelled before: it tells how far she agrees with herself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.choose import Choice
from eegwarn.active.rule import BY_CHANCE
from eegwarn.store.labels import LabelRow
from eegwarn.store.queue import Question

CLIP_S = 10.0
HIGH_SCORE_SHARE = 0.2
REPEAT_SHARE = 0.05
LEAST_LABELS_TO_REPEAT = 10
"""A rater's labels before any is shown to her again: with fewer she would remember them."""

BY_SCORE = {"seizure probability": 1.0}
_APART_S = 60.0
"""Distance of the highest scores from each other: one seizure would take them all."""


@dataclass(frozen=True)
class Places:
    """Where candidates lie, and the stretches of their recordings that are taken.

    Parameters
    ----------
    recording_id : ndarray of int64, shape (n_candidates,)
        Of each candidate's recording, in the store.
    centre_s : ndarray of float64, shape (n_candidates,)
        Middle of each candidate's window, in s.
    duration_s : ndarray of float64, shape (n_candidates,)
        Length of its recording.
    taken : dict
        Under a recording's id: stretches (start, end) in s that clips already cover.
    """

    recording_id: NDArray[np.int64]
    centre_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    taken: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    @property
    def start_s(self) -> NDArray[np.float64]:
        """Where the clip around each candidate begins, to the tenth of a second, shape (n_candidates,)."""
        latest_s = np.maximum(self.duration_s - CLIP_S, 0.0)
        return np.minimum(np.maximum(np.round(self.centre_s - CLIP_S / 2, 1), 0.0), latest_s)

    @property
    def end_s(self) -> NDArray[np.float64]:
        """Where it ends, shape (n_candidates,)."""
        return np.minimum(self.start_s + CLIP_S, self.duration_s)

    def is_free(self, *, apart_s: float = 0.0) -> NDArray[np.bool_]:
        """Whether the clip around each candidate stays clear of all that is taken, by ``apart_s`` at least."""
        free = np.ones(len(self.centre_s), dtype=bool)
        start_s, end_s = self.start_s - apart_s, self.end_s + apart_s
        for recording_id, spans in self.taken.items():
            rows = np.flatnonzero(self.recording_id == recording_id)
            for low_s, high_s in spans:
                free[rows] &= (end_s[rows] <= low_s) | (start_s[rows] >= high_s)
        return free

    def take(self, row: int) -> "Places":
        """Give the same with the clip around a candidate taken."""
        recording_id = int(self.recording_id[row])
        span = (float(self.start_s[row]), float(self.end_s[row]))
        return replace(self, taken={**self.taken, recording_id: (*self.taken.get(recording_id, ()), span)})

    def question(self, row: int, reason: dict[str, float], rater: str | None) -> Question:
        """Ask about the clip around a candidate."""
        start_s, end_s = float(self.start_s[row]), float(self.end_s[row])
        return Question(int(self.recording_id[row]), start_s, end_s - start_s, reason, rater=rater)


ChooseRows = Callable[[NDArray[np.intp], int], Sequence[Choice]]
"""Given the candidates that are open, and how many to choose: the choices, whose indices are rows of all candidates."""


def highest_scores(
    places: Places, logit: NDArray[np.float64], n_wanted: int, rater: str | None
) -> tuple[list[Question], Places]:
    """Ask about candidates with the highest scores, a minute apart at least."""
    questions: list[Question] = []
    spread = replace(places, taken={})
    while len(questions) < n_wanted:
        free = places.is_free() & spread.is_free(apart_s=_APART_S)
        if not free.any():
            break
        row = int(np.argmax(np.where(free, logit, -np.inf)))
        questions.append(places.question(row, BY_SCORE, rater))
        places, spread = places.take(row), spread.take(row)
    return questions, places


def chosen_clips(
    places: Places, choose_rows: ChooseRows, n_wanted: int, rater: str | None
) -> tuple[list[Question], Places]:
    """Ask about what a policy chooses; choices whose clips would overlap become one, and others are chosen instead."""
    questions: list[Question] = []
    while len(questions) < n_wanted:
        is_open = np.flatnonzero(places.is_free())
        if not len(is_open):
            break
        for choice in choose_rows(is_open, min(n_wanted - len(questions), len(is_open))):
            if places.is_free()[choice.index]:
                questions.append(places.question(choice.index, choice.reason, rater))
                places = places.take(choice.index)
    return questions, places


def repeated_clips(
    present: Sequence[LabelRow],
    asked: Sequence[Question],
    n_budget: int,
    rater: str | None,
    rng: np.random.Generator,
) -> list[Question]:
    """Draw clips to show once more to who labelled them; none is repeated twice.

    Parameters
    ----------
    present : sequence of LabelRow
        The labels that count, on recordings at hand.
    asked : sequence of Question
        All that was ever asked.
    n_budget : int
        Clips in the batch; `REPEAT_SHARE` of them are repeats, by chance one more, and never all.
    rater : str or None
        Whose; every rater's with labels enough if None.
    rng : numpy.random.Generator
        Draws how many, and which.
    """
    n_wanted = min(int(REPEAT_SHARE * n_budget + rng.random()), n_budget - 1)
    repeated = {
        (one.rater, one.recording_id, round(one.start_s, 3), round(one.duration_s, 3)) for one in asked if one.is_repeat
    }
    by_rater: dict[str, list[LabelRow]] = {}
    for row in present:
        by_rater.setdefault(row.rater, []).append(row)
    open_rows = [
        row
        for name, rows in by_rater.items()
        if rater in (None, name) and len(rows) >= LEAST_LABELS_TO_REPEAT
        for row in rows
        if (name, row.clip.recording.id, row.clip.start_s, row.clip.duration_s) not in repeated
    ]
    drawn = rng.permutation(len(open_rows))[:n_wanted]
    return [
        Question(clip.recording.id, clip.start_s, clip.duration_s, BY_CHANCE, is_repeat=True, rater=open_rows[k].rater)
        for k in drawn
        for clip in [open_rows[k].clip]
    ]


def interleaved(*parts: Sequence[Question]) -> tuple[Question, ...]:
    """Spread the parts of a batch evenly over it, each in its own order: who stops early has seen of each."""
    placed = [
        ((number + 0.5) / len(part), which, question)
        for which, part in enumerate(parts)
        for number, question in enumerate(part)
    ]
    return tuple(question for _, _, question in sorted(placed, key=lambda each: each[:2]))
