"""A folder of recordings scored with one model: a table of warnings for each, and one line a recording of them all.

``recordings.tsv`` grows by a line whenever a recording is done, so a run that was interrupted goes on behind it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from eegwarn import __version__
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.scoring import Progress, Scored, score_recording, write_probabilities
from eegwarn.config import to_table, to_toml
from eegwarn.engine import LOCAL, on_each
from eegwarn.errors import OutputError, RecordingError
from eegwarn.events import write_szcore_tsv
from eegwarn.signal import open_recording
from eegwarn.whole_file import whole_file

_TABLE, _ORIGIN = "recordings.tsv", "scored.toml"
_NONE = "n/a"


@dataclass(frozen=True)
class ScoredFile:
    """A line about a recording of a folder.

    Parameters
    ----------
    recording : str
        Its path in the folder.
    written_ns : int
        When the file was written, in ns: one that changed is scored again.
    duration_s : float or None
        How long it is; None where it could not be scored.
    n_alarms : int
        How often the model warns.
    fault_s : float
        How long nothing could be judged.
    unwatched : str
        Derivations that were missing or bad in more than half of it, with spaces between.
    reason : str
        Why it could not be scored; empty if it was.
    """

    recording: str
    written_ns: int
    duration_s: float | None
    n_alarms: int
    fault_s: float
    unwatched: str
    reason: str


def score_file(bundle: Bundle, path: Path, *, damaged: bool = False, ahead: bool = True) -> Scored | str:
    """Open and score a recording; the reason where it cannot be read or processed.

    Parameters
    ----------
    bundle : Bundle
        The model.
    path : Path
        The recording.
    damaged : bool
        Whether to read the whole records of a damaged EDF file.
    ahead : bool
        See `score_recording`.

    Raises
    ------
    ModelError
        If the network cannot be run.
    """
    try:
        return score_recording(bundle, open_recording(path, damaged=damaged), ahead=ahead)
    except RecordingError as error:
        return str(error)


def score_folder(
    bundle: Bundle,
    folder: Path,
    recordings: Sequence[Path],
    out: Path,
    *,
    damaged: bool = False,
    engine: str = LOCAL,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[ScoredFile, ...]:
    """Score recordings of a folder; write the warnings of each below ``out``, at its place in the folder.

    Warnings are in ``NAME.tsv``, and the warning level over time in ``NAME.levels.tsv``. Run again, it goes on where it
    was interrupted, and scores what is new or has changed.

    Parameters
    ----------
    bundle : Bundle
        The model.
    folder : Path
        Above all recordings.
    recordings : sequence of Path
        What to score.
    out : Path
        Folder to write to, made where it is missing; not inside ``folder``, whose tables are marks.
    damaged : bool
        Whether to read the whole records of damaged EDF files.
    engine : str
        Where recordings are scored; see `eegwarn.engine`.
    overwrite : bool
        Begin anew where ``out`` holds scores already.
    progress : callable, optional
        Told after each recording.

    Returns
    -------
    tuple of ScoredFile
        One for each recording, in the order given.

    Raises
    ------
    OutputError
        If ``out`` lies in ``folder``, cannot be written, or holds scores of another model or with other settings.
    ModelError, EngineError
        If the network, or the cluster, cannot do the work.
    """
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise OutputError(f"{str(out)!r} lies in the folder that is scored, {str(folder)!r}. Choose one beside it.")
    model = hashlib.sha256(bundle.onnx).hexdigest()
    origin = {"eegwarn": __version__, "model": model, "damaged": damaged, "config": to_table(bundle.config)}
    done = {} if _begin(out, to_toml(origin), overwrite=overwrite) else _read_table(out)
    names = [path.relative_to(folder).as_posix() for path in recordings]
    written_ns = [path.stat().st_mtime_ns for path in recordings]
    known = [done.get(name) for name in names]
    left = [
        number
        for number, each in enumerate(known)
        if each is None or each.reason or each.written_ns != written_ns[number]
    ]
    score = partial(score_file, bundle, damaged=damaged, ahead=engine == LOCAL)
    scores = on_each(score, [recordings[number] for number in left], engine=engine)
    for n_done, (number, scored) in enumerate(zip(left, scores, strict=True), start=len(recordings) - len(left) + 1):
        if isinstance(scored, Scored):
            _write_scored(out / names[number], scored)
        known[number] = line = _line(names[number], written_ns[number], scored)
        _append(out / _TABLE, line)
        if progress is not None:
            progress(f"score {folder.name}", n_done, len(recordings))
    return tuple(each for each in known if each is not None)


def _begin(out: Path, origin: str, *, overwrite: bool) -> bool:
    """Make the folder ready; True where nothing is in it yet, False where a run with the same origin goes on."""
    place = out / _ORIGIN
    try:
        if place.exists() and not overwrite:
            if place.read_text(encoding="utf-8") == origin:
                return False
            raise OutputError(
                f"{str(out)!r} holds scores of another model, or with other settings. Choose another folder, or begin "
                "anew with --overwrite."
            )
        out.mkdir(parents=True, exist_ok=True)
        (out / _TABLE).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{str(out)!r} cannot be written: {error.strerror}. Choose another folder.") from error
    with whole_file(place) as file:
        file.write(origin.encode())
    return True


def _write_scored(place: Path, scored: Scored) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{str(place.parent)!r} cannot be made: {error.strerror}.") from error
    write_szcore_tsv(
        place.with_name(f"{place.name}.tsv"),
        scored.events,
        recording_duration_s=scored.duration_s,
        start=scored.start,
        by_model=True,
    )
    write_probabilities(place.with_name(f"{place.name}.levels.tsv"), scored)


def _line(name: str, written_ns: int, scored: Scored | str) -> ScoredFile:
    if isinstance(scored, str):
        return ScoredFile(name, written_ns, None, 0, 0.0, "", " ".join(scored.split()))
    ends_s = (scored.duration_s if fault.end_s is None else fault.end_s for fault in scored.faults)
    fault_s = sum(end_s - fault.start_s for end_s, fault in zip(ends_s, scored.faults, strict=True))
    return ScoredFile(name, written_ns, scored.duration_s, len(scored.alarms), fault_s, " ".join(scored.unwatched), "")


def _append(table: Path, line: ScoredFile) -> None:
    values = [_NONE if value in (None, "") else str(value) for value in asdict(line).values()]
    try:
        with table.open("a", encoding="utf-8") as file:
            if not file.tell():
                file.write("\t".join(field.name for field in fields(ScoredFile)) + "\n")
            file.write("\t".join(values) + "\n")
    except OSError as error:
        raise OutputError(f"{str(table)!r} cannot be written: {error.strerror}. Make room and run it again.") from error


def _read_table(out: Path) -> dict[str, ScoredFile]:
    """Read the lines that were written whole, the latest of each recording, under the recording's name."""
    try:
        text = (out / _TABLE).read_text(encoding="utf-8")
    except OSError:
        return {}
    if text and not text.endswith("\n"):
        # A power cut took the rest: the line is done again, and must not run on.
        text = text[: text.rfind("\n") + 1]
        with whole_file(out / _TABLE) as file:
            file.write(text.encode())
    found = (_parsed(line.split("\t")) for line in text.splitlines()[1:])
    return {each.recording: each for each in found if each is not None}


def _parsed(values: list[str]) -> ScoredFile | None:
    texts: list[Any] = ["" if value == _NONE else value for value in values]
    try:
        name, written_ns, duration_s, n_alarms, fault_s, unwatched, reason = texts
        length_s = float(duration_s) if duration_s else None
        return ScoredFile(name, int(written_ns), length_s, int(n_alarms), float(fault_s), unwatched, reason)
    except ValueError:
        return None
