"""The stretch of EEG that the viewer draws: cut out of a recording at a cost that does not depend on where it lies."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.montages import BIPOLAR, shown_montage
from eegwarn.bedside.ring import SCALE_UV, in_steps
from eegwarn.signal.chain import SignalChain, SignalConfig
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.quality import Quality
from eegwarn.signal.recording import Recording
from eegwarn.store.answer import Display

_MEMORY_CYCLES = 5.0
"""After so many cycles of its cutoff a high-pass has forgotten a 3 mV step to less than one step of the int16."""
_LEAST_MEMORY_S = 3.0
_LOOK_BEYOND_S = 1.0
"""Read past the end, so that the rate converter never guesses inside the page."""
_BLOCK_S = 60
"""Filtered at once: ten minutes of it take half as long as in one piece, which no cache of a processor holds."""


@dataclass(frozen=True)
class EegPage:
    """EEG ready to be drawn.

    Parameters
    ----------
    data : ndarray of int16, shape (n_rows, n_times)
        In steps of ``scale_uv``; clipped at the ends of int16.
    quality : ndarray of uint8, shape (n_rows, n_times)
        Bits of `Quality`; 0 where a sample can be trusted.
    start_s, sfreq : float
        Sample k lies at ``start_s + k / sfreq`` s from the start of the recording.
    scale_uv : float
        µV for one step of ``data``.
    names : tuple of str
        Of the rows.
    display : Display
        The montage and the filters, as settled.
    """

    data: NDArray[np.int16]
    quality: NDArray[np.uint8]
    start_s: float
    sfreq: float
    scale_uv: float = SCALE_UV
    names: tuple[str, ...] = LONGITUDINAL_BIPOLAR
    display: Display = field(default_factory=Display)


class BadStretch(NamedTuple):
    """A stretch of one derivation that cannot be trusted, in seconds from the start of the recording."""

    row: int
    start_s: float
    end_s: float
    reason: str


def eeg_page(
    recording: Recording, start_s: float, duration_s: float, config: SignalConfig, montage: str = BIPOLAR
) -> EegPage:
    """Cut out one stretch, filtered as the model sees it or as the reader chose.

    The causal filters are run from some seconds before the stretch, so that a page late in a long recording costs the
    same as one at its beginning.

    Parameters
    ----------
    recording : Recording
        Any length; only the stretch and its surroundings are read.
    start_s, duration_s : float
        The stretch, in seconds; what lies outside the recording is left out.
    config : SignalConfig
        As `app.display.display_config` gives it.
    montage : str
        One of `app.montages.MONTAGES`.

    Returns
    -------
    EegPage
        Of ``duration_s`` at most; empty where the stretch lies wholly outside.

    Raises
    ------
    MontageError
        If the recording's channels give nothing of the montage.
    RecordingError
        If the recording cannot be read.
    """
    start_s = min(max(start_s, 0.0), recording.duration_s)
    end_s = min(start_s + duration_s, recording.duration_s)
    # Quality is judged by whole seconds from the recording's start: begin on one, or the flags would differ.
    second_len = round(recording.sfreq)
    memory_s = max(_MEMORY_CYCLES / config.high_pass_hz, _LEAST_MEMORY_S)
    warm_up_s = memory_s + math.ceil(config.quality.settle_s)
    first = max(0, math.floor((start_s - warm_up_s) * recording.sfreq / second_len)) * second_len
    stop = min(recording.n_times, math.ceil((end_s + _LOOK_BEYOND_S) * recording.sfreq))
    shown = shown_montage(recording.channels, montage)
    chain = SignalChain(shown.channels, recording.sfreq, config, montage=shown.montage)
    blocks = ((begin, min(begin + _BLOCK_S * second_len, stop)) for begin in range(first, stop, _BLOCK_S * second_len))
    parts = [chain.push(shown.with_average(recording.read_uv(*block))) for block in blocks] + [chain.flush()]
    data = np.concatenate([part.data for part in parts], axis=1)
    quality = np.concatenate([part.quality for part in parts], axis=1)

    first_s = first / recording.sfreq
    cut = slice(*(math.ceil((second - first_s) * config.sfreq - 1e-6) for second in (start_s, end_s)))
    notch_hz = 0.0 if config.notch_hz == "auto" else float(config.notch_hz)
    return EegPage(
        in_steps(data[:, cut]),
        quality[:, cut],
        first_s + cut.start / config.sfreq,
        config.sfreq,
        names=shown.montage.names,
        display=Display(montage, config.high_pass_hz, config.low_pass_hz, notch_hz),
    )


def bad_stretches(page: EegPage) -> tuple[BadStretch, ...]:
    """Find the stretches of a page that cannot be trusted, row by row, with the reason in words."""
    found = []
    for row, flags in enumerate(page.quality):
        edges = np.flatnonzero(np.diff(flags, prepend=np.uint8(0), append=np.uint8(0)))
        for left, right in pairwise(edges):
            if flags[left]:
                start_s, end_s = page.start_s + left / page.sfreq, page.start_s + right / page.sfreq
                found.append(BadStretch(row, float(start_s), float(end_s), reason_in_words(int(flags[left]))))
    return tuple(found)


def reason_in_words(flags: int) -> str:
    """Name quality flags for a reader: ``"flat, settling"``."""
    return ", ".join((flag.name or "").lower().replace("_", " ") for flag in Quality if flag & flags)
