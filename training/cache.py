"""Processed recordings on disk: made once, mapped into memory, so that a cohort may be larger than memory."""

import hashlib
import os
import shutil
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import platformdirs
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from eegwarn import __version__
from eegwarn.cohort import CohortRecording
from eegwarn.config import to_table, to_toml
from eegwarn.errors import OutputError, RecordingError
from eegwarn.signal.chain import SignalConfig, process
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.recording import Recording
from eegwarn.signal.windows import WindowConfig, WindowCutter, Windows

_LARGEST_UV = 60_000.0
"""Half precision ends at 65504; no amplitude near it is EEG."""

_STALE_S = 3600.0


def default_cache() -> Path:
    """Folder for caches of this user; ``EEGWARN_CACHE`` in the environment chooses another.

    Nothing is ever removed from it, and all of it may be deleted at any time.
    """
    return Path(os.environ.get("EEGWARN_CACHE") or platformdirs.user_cache_dir("eegwarn")) / "signals"


def content_version(source: CohortRecording, content: str) -> str:
    """Tell a file's content and when it was written: its fingerprint ``content`` rests on pieces of it only."""
    return f"{content} {source.written()}"


def cached_windows(
    recording: Recording, content: str, signal: SignalConfig, windows: WindowConfig, *, cache: Path
) -> Windows:
    """Give a recording's windows as views into a file; make that file where it is not there yet.

    Parameters
    ----------
    recording : Recording
        Read only where the cache lacks it.
    content : str
        What tells the content of its file, as `content_version` gives it; another makes another entry.
    signal, windows : SignalConfig, WindowConfig
        How it is processed and cut; another configuration makes another entry.
    cache : Path
        Folder of all entries.

    Returns
    -------
    Windows
        ``data`` is float16, mapped from disk.

    Raises
    ------
    RecordingError
        If the recording cannot be processed, or is shorter than a window.
    OutputError
        If the cache cannot be written; nothing half-written is left.
    """
    there = windows_in_cache(content, signal, windows, cache=cache)
    if there is not None:
        return there
    entry = _entry_of(content, signal, windows, cache)
    shutil.rmtree(entry, ignore_errors=True)
    with _entry_in_making(entry) as folder:
        _write_entry(folder, recording, signal, windows)
    return _open_entry(entry, signal, windows)


def windows_in_cache(content: str, signal: SignalConfig, windows: WindowConfig, *, cache: Path) -> Windows | None:
    """Give what `cached_windows` left there earlier; None if it did not, or a power cut left it incomplete."""
    try:
        return _open_entry(_entry_of(content, signal, windows, cache), signal, windows)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _entry_of(content: str, signal: SignalConfig, windows: WindowConfig, cache: Path) -> Path:
    settings = to_toml({"signal": to_table(signal), "windows": to_table(windows)})
    return cache / hashlib.sha256(f"{__version__}\n{content}\n{settings}".encode()).hexdigest()[:24]


@contextmanager
def _entry_in_making(entry: Path) -> Iterator[Path]:
    """Make a folder that becomes ``entry`` when all went well, and disappears when not."""
    part = entry.with_name(f"{entry.name}.{os.getpid()}.part")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(entry.parent)
        part.mkdir()
        yield part
        # Another process may have been quicker; its entry is the same.
        if not entry.exists():
            part.rename(entry)
    except OSError as error:
        raise OutputError(
            f"The cache {str(entry.parent)!r} cannot be written: {error.strerror or error}. Choose another."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_stale(cache: Path) -> None:
    """Remove what a process that was killed left behind."""
    for part in cache.glob("*.part"):
        latest = max((file.stat().st_mtime for file in (part, *part.iterdir())), default=0.0)
        if time.time() - latest > _STALE_S:
            shutil.rmtree(part, ignore_errors=True)


def _write_entry(folder: Path, recording: Recording, signal: SignalConfig, windows: WindowConfig) -> None:
    cutter = WindowCutter(signal.sfreq, windows)
    bad = [np.empty((0, len(LONGITUDINAL_BIPOLAR)), dtype=bool)]
    n_times = 0
    with (folder / "signal.f16").open("wb") as file:
        for processed in process(recording, signal):
            # Time first, so that a window is one stretch of the file.
            data = np.clip(processed.data.T, -_LARGEST_UV, _LARGEST_UV)
            file.write(data.astype(np.float16).tobytes())
            n_times += len(data)
            bad.append(cutter.push(processed).bad)
    all_bad = np.concatenate(bad)
    if not len(all_bad):
        raise RecordingError(f"Recording {recording.name!r} is shorter than one window of {windows.window_s:g} s.")
    np.save(folder / "bad.npy", all_bad, allow_pickle=False)
    (folder / "entry.toml").write_text(to_toml({"name": recording.name, "n_times": n_times}))


def _open_entry(entry: Path, signal: SignalConfig, config: WindowConfig) -> Windows:
    n_times = tomllib.loads((entry / "entry.toml").read_text())["n_times"]
    bad: NDArray[np.bool_] = np.load(entry / "bad.npy", allow_pickle=False)
    data = np.memmap(entry / "signal.f16", dtype=np.float16, mode="r", shape=(n_times, bad.shape[1]))
    length, hop = config.in_samples(signal.sfreq)
    views = sliding_window_view(data, length, axis=0)[::hop]  # (n_windows, n_derivations, n_times)
    start_s = np.arange(len(bad)) * (hop / signal.sfreq)
    usable = (~bad).sum(axis=1) >= config.min_channels
    return Windows(views[: len(bad)], start_s, config.window_s, bad, usable)
