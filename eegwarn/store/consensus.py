"""What raters together know about recordings: the clean set that a model is retrained with."""

from collections.abc import Sequence
from statistics import median

import numpy as np

from eegwarn.events import KnownStretch
from eegwarn.store.answer import Label
from eegwarn.store.labels import LabelRow


def known_stretches(present: Sequence[LabelRow]) -> dict[str, tuple[KnownStretch, ...]]:
    """Give what most raters of each clip say.

    An artefact is no seizure; who is unsure does not vote; a clip with as many votes for as against is left out. A
    seizure begins at the median of the onsets marked, where one that fills the clip begins with it. Time about which
    clips that overlap say both is left out.

    Parameters
    ----------
    present : sequence of LabelRow
        One of each rater and clip; see `eegwarn.store.labels.present_labels`.

    Returns
    -------
    dict
        Stretches in the order of time, under the fingerprint of the recording: files may have moved.
    """
    votes: dict[int, list[LabelRow]] = {}
    for row in present:
        if row.answer is not None and row.answer.label is not Label.UNSURE:
            votes.setdefault(row.clip.id, []).append(row)
    known: dict[str, list[KnownStretch]] = {}
    for rows in votes.values():
        known.setdefault(rows[0].clip.recording.fingerprint, []).extend(_stretches(rows))
    agreed = {print_: _uncontested(found) for print_, found in known.items()}
    return {
        print_: tuple(sorted(found, key=lambda stretch: stretch.start_s)) for print_, found in agreed.items() if found
    }


def _stretches(rows: Sequence[LabelRow]) -> list[KnownStretch]:
    clip = rows[0].clip
    onsets_s = [
        clip.start_s if row.answer.onset_s is None else row.answer.onset_s
        for row in rows
        if row.answer is not None and row.answer.label is Label.SEIZURE
    ]
    if 2 * len(onsets_s) == len(rows):
        return []
    if 2 * len(onsets_s) < len(rows):
        return [KnownStretch(clip.start_s, clip.end_s, seizure=False)]
    onset_s = median(onsets_s)
    before = [KnownStretch(clip.start_s, onset_s, seizure=False)] if onset_s > clip.start_s else []
    return [*before, KnownStretch(onset_s, clip.end_s, seizure=True)]


def _uncontested(found: Sequence[KnownStretch]) -> Sequence[KnownStretch]:
    if not found:
        return ()
    borders_s = np.unique([(each.start_s, each.end_s) for each in found])
    said = np.zeros((2, len(borders_s)), dtype=np.int64)  # none and seizure: how many clips say so from each border on
    for each in found:
        begin, end = np.searchsorted(borders_s, (each.start_s, each.end_s))
        said[int(each.seizure), begin:end] += 1
    if not (said > 0).all(axis=0).any():
        return found
    once = np.flatnonzero((said > 0).sum(axis=0) == 1)
    return [KnownStretch(float(borders_s[n]), float(borders_s[n + 1]), bool(said[1, n])) for n in once]
