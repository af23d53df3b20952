"""What could be asked about in a cohort: a coarse grid of windows over every recording, and a finer one around marks.

What a network sees of each is kept on disk, one file a recording, under the content of the recording and of the
network: a further query with the same model reads no recording, wherever the files have moved.
"""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn import __version__
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import CohortRecording
from eegwarn.config import to_table, to_toml
from eegwarn.engine import LOCAL, on_each
from eegwarn.errors import ConfigError, RecordingError
from eegwarn.signal.windows import Windows, stream_windows
from eegwarn.whole_file import whole_file
from training.cache import content_version, windows_in_cache
from training.network_view import NetworkView

_AT_ONCE = 2
"""Recordings read side by side, each by one thread: memory does not grow with the computer's cores."""


@dataclass(frozen=True)
class GridConfig:
    """Which windows are candidates.

    Parameters
    ----------
    every_s : float
        Distance of candidates anywhere, in s; rounded to a multiple of ``near_s``.
    near_s : float
        Distance of candidates around marks, in s.
    before_mark_s, after_mark_s : float
        How far that reaches before and after a mark's onset, in s.
    """

    every_s: float = 16.0
    near_s: float = 2.0
    before_mark_s: float = 60.0
    after_mark_s: float = 30.0

    def __post_init__(self) -> None:
        if not (0 < self.near_s <= self.every_s < np.inf and min(self.before_mark_s, self.after_mark_s) >= 0):
            raise ConfigError(
                "A grid needs 0 < near_s <= every_s, and times of 0 s or more around marks, but got "
                f"{self.near_s}, {self.every_s}, {self.before_mark_s} and {self.after_mark_s} s."
            )

    def steps(self, hop_s: float) -> tuple[int, int]:
        """Distance of candidates around marks and elsewhere, in windows; the second is a multiple of the first."""
        near_step = max(1, round(self.near_s / hop_s))
        return near_step, near_step * max(1, round(self.every_s / (near_step * hop_s)))

    def holds(self, window: NDArray[np.intp], hop_s: float, marks_s: Sequence[float]) -> NDArray[np.bool_]:
        """Whether windows, by their number in the recording, are candidates; marks by their onset in s."""
        start_s = window * hop_s
        near = np.zeros(window.shape, dtype=bool)
        for mark_s in marks_s:
            near |= (start_s >= mark_s - self.before_mark_s) & (start_s <= mark_s + self.after_mark_s)
        near_step, step = self.steps(hop_s)
        held: NDArray[np.bool_] = (window % step == 0) | (near & (window % near_step == 0))
        return held


@dataclass(frozen=True)
class Described:
    """A recording's candidates, and the file that holds what the network sees of them.

    Parameters
    ----------
    source : CohortRecording
        The recording.
    fingerprint : str
        Of its content.
    n_windows : int
        How many windows the model cuts it into.
    window : ndarray of int64, shape (n_candidates,)
        Which of them are candidates, rising; none that the model cannot judge.
    logit : ndarray of float64, shape (n_candidates,)
        Log-odds of a seizure by the model.
    file : Path
        Where features are.
    """

    source: CohortRecording
    fingerprint: str
    n_windows: int
    window: NDArray[np.int64]
    logit: NDArray[np.float64]
    file: Path

    def features(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Read what the network sees of chosen candidates, shape (n_rows, n_features)."""
        with np.load(self.file, allow_pickle=False) as kept:
            features: NDArray[np.float32] = kept["features"][rows]
        return features


def describe_recordings(
    bundle: Bundle,
    recordings: Sequence[tuple[CohortRecording, str]],
    grid: GridConfig,
    *,
    cache: Path,
    signals: Path,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> tuple[tuple[Described, ...], tuple[tuple[str, str], ...]]:
    """Describe the candidates of recordings, or read what an earlier run wrote, interrupted or not.

    Parameters
    ----------
    bundle : Bundle
        The model.
    recordings : sequence of (CohortRecording, str)
        Each with the fingerprint of its content.
    grid : GridConfig
        Which windows.
    cache : Path
        Folder for one file a recording; it exists.
    signals : Path
        Folder in which training keeps processed signals: a recording that is there need not be read.
    engine : str
        Where recordings are looked at; see `eegwarn.engine`.
    progress : callable, optional
        Told after each recording.

    Returns
    -------
    described : tuple of Described
        In the order given.
    skipped : tuple of (str, str)
        Names of recordings that could not be used, each with the reason.

    Raises
    ------
    ModelError
        If the network does not end in a linear layer, or fails.
    OutputError
        If the cache cannot be written.
    """
    files = [_file_of(bundle, recording, content, grid, cache) for recording, content in recordings]
    known = [_read(*each, file) for each, file in zip(recordings, files, strict=True)]
    missing = [number for number, each in enumerate(known) if each is None]
    skipped: dict[int, str] = {}
    look = partial(_look_at, bundle, NetworkView(bundle) if missing and engine == LOCAL else None, grid, signals)
    sights = on_each(look, [recordings[number] for number in missing], engine=engine, at_once=_AT_ONCE)
    for n_done, (number, sight) in enumerate(zip(missing, sights, strict=True), start=1):
        if isinstance(sight, _Sight):
            _write(files[number], sight)
            known[number] = _read(*recordings[number], files[number])
        else:
            skipped[number] = sight
        if progress is not None:
            progress("look at recordings", n_done, len(missing))
    skipped |= {
        number: f"Recording {each.source.name!r} has no window with enough good derivations."
        for number, each in enumerate(known)
        if each is not None and not len(each.window)
    }
    return (
        tuple(each for number, each in enumerate(known) if each is not None and number not in skipped),
        tuple((recordings[number][0].name, skipped[number]) for number in sorted(skipped)),
    )


def _file_of(bundle: Bundle, recording: CohortRecording, content: str, grid: GridConfig, cache: Path) -> Path:
    config = bundle.config
    settings = to_toml(
        {
            "signal": to_table(config.signal),
            "windows": to_table(config.windows),
            "grid": to_table(grid),
            "marks_s": [event.onset_s for event in recording.events],
        }
    )
    digest = hashlib.sha256(bundle.onnx + f"\n{__version__}\n{content}\n{settings}".encode())
    return cache / f"{digest.hexdigest()[:24]}.npz"


def _read(recording: CohortRecording, content: str, file: Path) -> Described | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            return Described(recording, content, int(kept["n_windows"]), kept["window"], kept["logit"], file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # It is not there, or the disk lost a part of it.
        return None


@dataclass(frozen=True)
class _Sight:
    """What a network sees of a recording's candidates; see `Described`."""

    n_windows: int
    window: NDArray[np.int64]
    logit: NDArray[np.float64]
    features: NDArray[np.float32]


def _look_at(
    bundle: Bundle, view: NetworkView | None, grid: GridConfig, signals: Path, each: tuple[CohortRecording, str]
) -> _Sight | str:
    """Look at a recording with the bundle's network, opened already or not; the reason where that fails."""
    try:
        return _sight(bundle, view or NetworkView(bundle), grid, signals, *each)
    except RecordingError as error:
        return str(error)


def _stretches(bundle: Bundle, recording: CohortRecording, content: str, signals: Path) -> Iterator[Windows]:
    config = bundle.config
    there = windows_in_cache(content_version(recording, content), config.signal, config.windows, cache=signals)
    if there is not None:
        return iter([there])
    # The other cores have recordings of their own: a second thread for this one would cost them a tenth of their time.
    return stream_windows(recording.open(), config.signal, config.windows, ahead=False)


def _sight(
    bundle: Bundle,
    view: NetworkView,
    grid: GridConfig,
    signals: Path,
    recording: CohortRecording,
    content: str,
) -> _Sight:
    marks_s = [event.onset_s for event in recording.events]
    n_windows, numbers = 0, [np.empty(0, dtype=np.int64)]
    logits, features = [np.empty(0)], [np.empty((0, view.n_features), dtype=np.float32)]
    for windows in _stretches(bundle, recording, content, signals):
        wanted = np.flatnonzero(
            grid.holds(n_windows + np.arange(len(windows)), bundle.config.windows.hop_s, marks_s) & windows.usable
        )
        if len(wanted):
            seen, logit = view.describe(windows, wanted)
            judged = np.isfinite(logit) & np.isfinite(seen).all(axis=1)
            numbers.append(n_windows + wanted[judged])
            features.append(seen[judged])
            logits.append(logit[judged])
        n_windows += len(windows)
    return _Sight(n_windows, np.concatenate(numbers), np.concatenate(logits), np.concatenate(features))


def _write(file: Path, sight: _Sight) -> None:
    with whole_file(file) as kept:
        np.savez(kept, **vars(sight))
