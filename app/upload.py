"""A recording that somebody brought: kept in a private place for as long as their session holds it, and no longer."""

import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from app.folder import fingerprint
from app.scores import OpenedRecording
from eegwarn.errors import EegwarnError, OutputError
from eegwarn.events import SeizureEvent, events_from_marks
from eegwarn.signal.montage import plan_montage
from eegwarn.signal.recording import Recording, open_recording

SUFFIXES = (".edf", ".bdf")
"""Formats of one file."""

_NAME = "upload"


@dataclass(frozen=True, eq=False)
class Upload:
    """A recording that was brought; its file is removed with it, or when the dashboard ends.

    Parameters
    ----------
    folder : Path
        Only this user may open it. The file in it does not keep its name, which may hold a patient's.
    opened : OpenedRecording
        What it holds.
    """

    folder: Path
    opened: OpenedRecording

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def seizures(self) -> tuple[SeizureEvent, ...]:
        """Seizures that its own annotations mark."""
        return events_from_marks(self.opened.recording.marks)


def keep_upload(content: bytes | memoryview, suffix: str) -> Upload:
    """Keep what was uploaded and open it.

    Parameters
    ----------
    content : bytes
        Of the file.
    suffix : str
        The end of its name, one of ``SUFFIXES`` in upper or lower case.

    Raises
    ------
    RecordingError
        If it cannot be used; nothing is kept.
    OutputError
        If it cannot be written.
    """
    folder = None
    try:
        folder = Path(mkdtemp(prefix="eegwarn-"))
        path = folder / f"{_NAME}{suffix.lower()}"
        path.write_bytes(content)
        return Upload(folder, OpenedRecording(open_recording(path), fingerprint(path)))
    except (OSError, EegwarnError) as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, EegwarnError):
            raise
        raise OutputError(f"The file cannot be kept while it is looked at: {error.strerror}. Free space.") from error


def channels_in_words(recording: Recording) -> str:
    """Say which channels of a recording the model is given, and what they do not give.

    Raises
    ------
    MontageError
        If they give nothing.
    """
    montage = plan_montage(recording.channels, missing="mask")
    missing = [name for name, formed in zip(montage.names, montage.formed, strict=True) if not formed]
    n_formed = len(montage.names) - len(missing)
    words = [
        f"{len(recording.channels)} EEG channels at {recording.sfreq:g} Hz give {n_formed} of {len(montage.names)} "
        "derivations."
    ]
    if missing:
        words.append(f"Missing: {', '.join(missing)}.")
    # Bipolar files hold columns that are named by a dash alone.
    aside = [name for name in recording.set_aside if any(letter.isalnum() for letter in name)]
    if aside:
        words.append(f"Not used: {', '.join(aside)}.")
    return " ".join(words)
