"""Recordings, models and scores as the pages use them: read once, and again only when the file has changed."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.display import chosen_montage, display_config
from app.eeg_page import EegPage, eeg_page
from app.folder import fingerprint
from app.marks import marked_seizures
from app.spectrogram import Spectrogram, spectrogram
from eegwarn.bedside.bundle import Bundle, read_bundle
from eegwarn.bedside.scoring import Scored, score_recording
from eegwarn.cohort.content import file_fingerprint
from eegwarn.errors import ModelError, RecordingError
from eegwarn.events import SeizureEvent
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.recording import Recording, open_recording
from eegwarn.store import Store
from eegwarn.store.answer import Display
from eegwarn.store.labels import LabelRow, label_log, present_labels

Print = tuple[str, int, int]
_MOST_SCORES = 128
_MOST_OPEN = 256
"""A patient's recordings, whose headers are asked at every look at the page."""


@dataclass(frozen=True)
class OpenedRecording:
    """A recording with the state of its file, by which its scores are kept."""

    recording: Recording
    file_print: Print


@dataclass(frozen=True)
class OpenedModel:
    """A model with the state of its file."""

    bundle: Bundle
    file_print: Print


def open_file(path: Path) -> OpenedRecording:
    """Open a recording, once for every state of its file.

    Raises
    ------
    RecordingError
        If there is no such file, or it cannot be used.
    """
    file_print = _print_of(path, RecordingError)
    return OpenedRecording(_open(file_print), file_print)


def open_model(path: Path) -> OpenedModel:
    """Read a model, once for every state of its file.

    Raises
    ------
    ModelError
        If there is no such file, or it was refused.
    """
    file_print = _print_of(path, ModelError)
    return OpenedModel(_read(file_print), file_print)


def kept_score(opened: OpenedRecording, model: OpenedModel) -> Scored | None:
    """Give what `score` found before; None where it has to be asked."""
    return _kept_scores().get((opened.file_print, model.file_print))


def score(opened: OpenedRecording, model: OpenedModel, progress: Callable[[str, int, int], None]) -> Scored:
    """Score a recording, once for every state of its file and of the model's; errors as for `score_recording`."""
    kept, prints = _kept_scores(), (opened.file_print, model.file_print)
    scored = kept.get(prints)
    if scored is None:
        scored = kept[prints] = score_recording(model.bundle, opened.recording, progress)
        while len(kept) > _MOST_SCORES:
            kept.popitem(last=False)
    return scored


@st.cache_data(max_entries=4096, show_spinner=False)
def content_of(file_print: Print) -> str:
    """Give the fingerprint of a recording's content, once for every state of its file.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    return file_fingerprint(Path(file_print[0]))


@st.cache_data(max_entries=64, ttl=10, show_spinner=False)
def labels_of(file_print: Print, _store: Store) -> tuple[LabelRow, ...]:
    """Find what clinicians say now of clips of a recording, looking again after 10 s.

    Raises
    ------
    RecordingError, StoreError
        If the recording or the store cannot be read.
    """
    content = content_of(file_print)
    return tuple(row for row in present_labels(label_log(_store)) if row.clip.recording.fingerprint == content)


@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def seizures_of(file_print: Print, folder: Path, _recording: Recording) -> tuple[SeizureEvent, ...]:
    """Find the marked seizures, looking again after a minute; errors as for `marked_seizures`."""
    return marked_seizures(Path(file_print[0]), folder, _recording)


def page_of(
    opened: OpenedRecording, config: SignalConfig | None, start_s: float, duration_s: float, display: Display
) -> EegPage:
    """Cut out a page of EEG as a reader chose to see it; errors as for `eeg_page`."""
    settled = _settled(opened.file_print, config, display, opened.recording)
    montage = chosen_montage(opened.recording.channels, display)
    return eeg_page(opened.recording, start_s, duration_s, settled, montage)


@st.cache_resource(max_entries=64, show_spinner=False)
def spectrogram_of(file_print: Print, start_s: float, duration_s: float, _opened: OpenedRecording) -> Spectrogram:
    """Give the spectrogram of a stretch of a recording; errors as for `eeg_page`."""
    return spectrogram(page_of(_opened, None, start_s, duration_s, Display()))


@st.cache_data(max_entries=64, show_spinner=False)
def sha256_of(file_print: Print) -> str:
    """Give the SHA-256 of a file, by which the store knows a model; OSError if it cannot be read."""
    return hashlib.sha256(Path(file_print[0]).read_bytes()).hexdigest()


def _print_of(path: Path, error_type: type[RecordingError] | type[ModelError]) -> Print:
    try:
        return fingerprint(path)
    except OSError as error:
        raise error_type(f"{str(path)!r} cannot be read: {error.strerror}. Choose another file.") from error


@st.cache_resource(max_entries=_MOST_OPEN, show_spinner=False)
def _open(file_print: Print) -> Recording:
    return open_recording(Path(file_print[0]))


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(file_print: Print) -> Bundle:
    return read_bundle(Path(file_print[0]))


@st.cache_resource(max_entries=32, show_spinner=False)
def _settled(file_print: Print, config: SignalConfig | None, display: Display, _recording: Recording) -> SignalConfig:
    return display_config(_recording, config, display)


@st.cache_resource(show_spinner=False)
def _kept_scores() -> OrderedDict[tuple[Print, Print], Scored]:
    # Kept by hand: what Streamlit's own cache keeps, it replays, and with it the progress bar of another session.
    return OrderedDict()
