"""Labels as annotations of an EDF+ file, which every EEG viewer shows and writes.

An annotation holds what was labelled and by whom, as in ``not seizure (anna)``, and nothing else: a clip in which a
seizure begins becomes two, and confidence and comment stay behind. The table is what to keep labels in.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from eegwarn.events import SeizureEvent, export_edfplus
from eegwarn.signal.recording import Mark, Recording
from eegwarn.store.answer import Answer, Label
from eegwarn.store.label_import import GivenLabel
from eegwarn.store.labels import LabelRow
from eegwarn.store.recordings import StoredRecording

_TEXT = re.compile(rf"\s*({'|'.join(label.value for label in Label)})\s*(?:\(([^()]*)\))?\s*", re.IGNORECASE)


def export_label_marks(recording: Recording, present: Sequence[LabelRow], path: Path) -> None:
    """Write a recording's EEG with its labels as annotations to an EDF+ file.

    Parameters
    ----------
    recording : Recording
        The EEG.
    present : sequence of LabelRow
        Labels on clips of this recording.
    path : Path
        The file, replaced if it exists.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    export_edfplus(recording, [event for label in present for event in label_events(label)], path)


def label_events(label: LabelRow) -> list[SeizureEvent]:
    """Give a label as the events that become annotations: what was labelled and by whom stands in their ``kind``."""
    clip, answer = label.clip, label.answer
    if answer is None:
        return []
    # Brackets are what ends a name.
    by = f"({re.sub('[()]', ' ', label.rater)})"
    if answer.onset_s is None or answer.onset_s <= clip.start_s:
        return [SeizureEvent(clip.start_s, clip.end_s, f"{answer.label.value} {by}")]
    return [
        SeizureEvent(clip.start_s, answer.onset_s, f"{Label.NOT_SEIZURE.value} {by}"),
        SeizureEvent(answer.onset_s, clip.end_s, f"{answer.label.value} {by}"),
    ]


def labels_from_marks(
    marks: Iterable[Mark], recording: StoredRecording, *, rater: str | None = None
) -> tuple[GivenLabel, ...]:
    """Find the labels among annotations: those with a duration and one of the four words, with or without a rater.

    Parameters
    ----------
    marks : iterable of Mark
        Annotations of the file that was labelled.
    recording : StoredRecording
        The recording that they are about: an EDF+ file that a viewer wrote is another file.
    rater : str or None
        Who gave those that name nobody; without it they are passed over, since other annotations look like them.
    """
    given = []
    for mark in marks:
        found = _TEXT.fullmatch(mark.text)
        by = (found[2] or "").strip() or rater if found else None
        if found and by and mark.duration_s > 0:
            answer = Answer(Label(found[1].lower()))
            given.append(
                GivenLabel(recording.name, recording.fingerprint, mark.onset_s, mark.duration_s, answer, rater=by)
            )
    return tuple(given)
