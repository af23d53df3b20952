"""Labels as a table: SzCORE's columns of events, and more beside them, for many recordings.

The clip in which a seizure begins makes two rows with one ``label_uid``, without and with seizure, so that what reads
events alone (and ``train --clips``) reads it right.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from eegwarn.errors import EventsError, StoreError
from eegwarn.events.clips import COLUMNS as CLIP_COLUMNS
from eegwarn.events.szcore import BACKGROUND, is_seizure_kind
from eegwarn.events.szcore import COLUMNS as EVENT_COLUMNS
from eegwarn.events.text import read_text, table_rows
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.store.answer import DISPLAY, Answer, Display, Label
from eegwarn.store.label_import import GivenLabel
from eegwarn.store.labels import LabelRow
from eegwarn.whole_file import whole_file

_KINDS = {
    Label.SEIZURE: "sz",
    Label.NOT_SEIZURE: BACKGROUND,
    Label.ARTEFACT: "artefact",
    Label.UNSURE: "unsure",
}
_OWN_COLUMNS = (
    "rater",
    "label_uid",
    "labelled_at",
    "clip_onset",
    "clip_duration",
    "corrected_onset",
    *DISPLAY,
    "response_s",
    "saw_model_level",
    "model",
    "policy",
    "patient",
    "fingerprint",
    "comment",
)
_MISSING = "n/a"


def write_label_table(path: Path, present: Sequence[LabelRow]) -> None:
    """Write labels as a table, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    present : sequence of LabelRow
        Labels; a comment's tabs and line breaks become spaces.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    columns = (CLIP_COLUMNS[0], *EVENT_COLUMNS, *_OWN_COLUMNS)
    rows = [row for label in present if label.answer is not None for row in _rows(label, label.answer)]
    lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
    with whole_file(path) as file:
        file.write(("\n".join(lines) + "\n").encode())


def _rows(label: LabelRow, answer: Answer) -> list[dict[str, str]]:
    clip = label.clip
    kind = _KINDS[answer.label]
    stretches = [(clip.start_s, clip.end_s, kind)]
    if answer.onset_s is not None and answer.onset_s > clip.start_s:
        stretches = [(clip.start_s, answer.onset_s, BACKGROUND), (answer.onset_s, clip.end_s, kind)]
    whole = {
        "recording": clip.recording.name,
        "confidence": _text(answer.confidence),
        "channels": _MISSING,
        "dateTime": f"{UNKNOWN_START:%Y-%m-%d %H:%M:%S}",
        "recordingDuration": f"{clip.recording.duration_s:.3f}",
        "rater": label.rater,
        "label_uid": label.uid,
        "labelled_at": label.at.isoformat(),
        "clip_onset": f"{clip.start_s:.3f}",
        "clip_duration": f"{clip.duration_s:.3f}",
        "corrected_onset": _text(answer.onset_s),
        **{name: _text(getattr(answer.display, name)) for name in DISPLAY},
        "response_s": _text(answer.response_s),
        "saw_model_level": _MISSING if answer.saw_level is None else str(answer.saw_level).lower(),
        "model": _text(label.model),
        "policy": _text(label.policy),
        "patient": clip.recording.patient,
        "fingerprint": clip.recording.fingerprint,
        "comment": _text(answer.comment),
    }
    return [
        {**whole, "onset": f"{start_s:.3f}", "duration": f"{end_s - start_s:.3f}", "eventType": kind}
        for start_s, end_s, kind in stretches
    ]


def _text(value: str | float | None) -> str:
    return " ".join(str(value).split()) if value not in (None, "") else _MISSING


def read_label_table(path: Path, *, rater: str | None = None) -> tuple[GivenLabel, ...]:
    """Read labels from a table that `write_label_table`, or anybody, wrote.

    The columns recording, onset, duration (both in s) and eventType are enough; rows of other event types than ``sz…``,
    ``bckg``, ``artefact`` and ``unsure`` are passed over.

    Parameters
    ----------
    path : Path
        The table.
    rater : str or None
        Who gave the labels in rows that do not say so.

    Raises
    ------
    EventsError
        If the file cannot be read, lacks a column, or a row does not make a label.
    """
    header, rows = table_rows(path, read_text(path).splitlines(), delimiter="\t")
    if not set(CLIP_COLUMNS) <= set(header):
        raise EventsError(f"{str(path)!r} holds no labels: it needs the columns {', '.join(CLIP_COLUMNS)}.")
    given: dict[object, GivenLabel] = {}
    for number, row in enumerate(rows, start=1):
        said = {name: value.strip() for name, value in row.items() if value and value.strip() not in ("", _MISSING)}
        label = _label_of(said.get("eventType", ""))
        if label is None or (label is not Label.SEIZURE and "corrected_onset" in said):
            # Either no label, or the part of a clip before its seizure begins: the other part's row says it all.
            continue
        try:
            given[said.get("label_uid", number)] = _given(said, label, rater)
        except (ValueError, KeyError, StoreError) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise EventsError(f"{str(path)!r} has a label that is not valid, in row {number}: {why}") from error
    return tuple(given.values())


def _label_of(kind: str) -> Label | None:
    if is_seizure_kind(kind):
        return Label.SEIZURE
    return next((label for label, known in _KINDS.items() if known == kind.lower()), None)


def _given(said: dict[str, str], label: Label, rater: str | None) -> GivenLabel:
    if "rater" not in said and rater is None:
        raise ValueError("it does not say who gave it. Name the rater with --rater.")
    at = datetime.fromisoformat(said["labelled_at"]) if "labelled_at" in said else None
    montage, *numbers = (said.get(name) for name in DISPLAY)
    answer = Answer(
        label,
        _number(said.get("confidence")),
        _number(said.get("corrected_onset")),
        _number(said.get("response_s")),
        said.get("comment", ""),
        Display(montage, *map(_number, numbers)),
        None if "saw_model_level" not in said else _truth(said["saw_model_level"]),
    )
    return GivenLabel(
        recording=said["recording"],
        fingerprint=said.get("fingerprint"),
        start_s=float(said.get("clip_onset", said["onset"])),
        duration_s=float(said.get("clip_duration", said["duration"])),
        answer=answer,
        rater=said.get("rater", rater or ""),
        uid=str(uuid.UUID(said["label_uid"])) if "label_uid" in said else None,
        at=at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
        model=said.get("model"),
        policy=said.get("policy"),
    )


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"saw_model_level is 'true' or 'false', but got {text!r}.")
    return text.lower() == "true"


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
