"""The one signal path, for files and for live data: montage, filters, rate conversion, quality."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import ConfigError, RecordingError
from eegwarn.signal.ahead import made_ahead
from eegwarn.signal.channels import Channel
from eegwarn.signal.filters import STOPBAND_RATIO, CausalFilter, RateConverter, design_band
from eegwarn.signal.mains import check_amplitude, guess_mains_hz
from eegwarn.signal.montage import Missing, Montage, plan_montage
from eegwarn.signal.quality import Quality, QualityConfig, QualityJudge
from eegwarn.signal.recording import Recording

Notch = Literal["auto", 0, 50, 60]
LEAST_SFREQ = 50.0
"""A rate below this, in Hz, is too slow for EEG to be judged."""


@dataclass(frozen=True)
class SignalConfig:
    """What is done to the signal before a model sees it.

    Parameters
    ----------
    sfreq : float
        Rate of the model's input, in Hz.
    high_pass_hz, low_pass_hz : float
        Band that is kept, in Hz.
    notch_hz : {"auto", 0, 50, 60}
        Mains frequency to notch out, in Hz; 0 for none; ``"auto"`` looks at the recording's first minute.
    missing : {"error", "mask"}
        Whether a derivation that cannot be formed is an error, or goes on as zero, marked as missing.
    quality : QualityConfig
        When a stretch of signal cannot be trusted.
    """

    sfreq: float = 128.0
    high_pass_hz: float = 0.5
    low_pass_hz: float = 40.0
    notch_hz: Notch = "auto"
    missing: Missing = "error"
    quality: QualityConfig = field(default_factory=QualityConfig)

    def __post_init__(self) -> None:
        if not 0 < self.high_pass_hz < self.low_pass_hz or not self.sfreq <= 10_000:
            raise ConfigError(
                "The band must satisfy 0 < high_pass_hz < low_pass_hz, and sfreq be at most 10000 Hz, but got "
                f"{self.high_pass_hz}, {self.low_pass_hz} and {self.sfreq} Hz."
            )
        if not STOPBAND_RATIO * self.low_pass_hz <= self.sfreq / 2:
            raise ConfigError(
                f"low_pass_hz = {self.low_pass_hz} would let frequencies alias at sfreq = {self.sfreq} Hz. "
                f"Use at most {self.sfreq / 2 / STOPBAND_RATIO:g}, or a higher sfreq."
            )


@dataclass(frozen=True)
class Processed:
    """A stretch of signal as models see it.

    Parameters
    ----------
    data : ndarray of float32, shape (n_derivations, n_times)
        In µV, at the model's rate.
    quality : ndarray of uint8, shape (n_derivations, n_times)
        Bits of `Quality` for each sample; 0 where it can be trusted.
    """

    data: NDArray[np.float32]
    quality: NDArray[np.uint8]


class SignalChain:
    """Turns raw blocks into what models see, block by block, with the state kept in between.

    Every step is causal, and the result does not depend on where the blocks are cut. Work is done in whole seconds
    of input, because quality is judged by the second: what is pushed beyond the last whole second waits for the next.

    Parameters
    ----------
    channels : tuple of Channel
        The rows of the blocks to come.
    sfreq : float
        Rate of the blocks, in Hz.
    config : SignalConfig
        What to do.
    mains_hz : {0, 50, 60}
        What ``config.notch_hz = "auto"`` stands for here.
    montage : Montage or None
        What is formed of the channels; the longitudinal bipolar montage, which models see, if None.

    Attributes
    ----------
    rows : ndarray of int, shape (n_taken,)
        The channels of which derivations are formed; others are neither judged nor looked at.

    Raises
    ------
    MontageError
        If derivations cannot be formed and ``config.missing`` is ``"error"``.
    RecordingError
        If the rate is below 50 Hz.
    """

    def __init__(
        self,
        channels: tuple[Channel, ...],
        sfreq: float,
        config: SignalConfig,
        *,
        mains_hz: int = 0,
        montage: Montage | None = None,
    ) -> None:
        if not sfreq >= LEAST_SFREQ:
            raise RecordingError(
                f"EEG at {sfreq:g} Hz is too slow to be judged; at least {LEAST_SFREQ:g} Hz are needed."
            )
        self.config = config
        self.montage = montage or plan_montage(channels, missing=config.missing)
        notch_hz = mains_hz if config.notch_hz == "auto" else config.notch_hz
        n_derivations = len(self.montage.names)
        self._sfreq = sfreq
        self.rows = self.montage.rows
        self._of_rows = self.montage.of_rows(self.rows)
        self._judge = QualityJudge(len(self.rows), sfreq, (notch_hz,) if notch_hz else (50, 60), config.quality)
        band = design_band(config.high_pass_hz, config.low_pass_hz, notch_hz, sfreq=sfreq)
        self._band = CausalFilter(band, n_derivations)
        self._convert = RateConverter(sfreq, config.sfreq, n_derivations)
        self._waiting = np.empty((len(self.rows), 0), dtype=np.float32)
        self._last_value = np.zeros((len(self.rows), 1), dtype=np.float32)
        self._offset: NDArray[np.float32] | None = None
        self._flags = np.empty((n_derivations, 0), dtype=np.uint8)
        self._first_flagged_second = 0
        self._n_out = 0

    def push(self, block_uv: NDArray[np.float32]) -> Processed:
        """Take the next raw block and give what can be given.

        Parameters
        ----------
        block_uv : ndarray, shape (n_channels, n_times)
            In µV; NaN where a sample is absent, and all channels NaN where there is a gap.

        Returns
        -------
        Processed
            Up to a second of signal less than was pushed, and possibly none.
        """
        return self._filter(*self._derive(self._whole_seconds(block_uv[self.rows])))

    def flush(self) -> Processed:
        """Give what still waits, at the end of a recording; nothing may be pushed after it."""
        return self._filter(*self._derive(self._waiting), last=True)

    @classmethod
    def for_recording(cls, recording: Recording, config: SignalConfig) -> Self:
        """Make the chain for a recording, looking at its scale and its mains frequency first.

        Parameters
        ----------
        recording : Recording
            Some of its samples are read; the chain itself is given none.
        config : SignalConfig
            ``notch_hz="auto"`` takes the mains frequency found: 50 or 60 Hz, or no notch.

        Raises
        ------
        RecordingError
            If the amplitude is implausible for EEG in µV, or derivations cannot be formed.
        """
        check_amplitude(recording)
        mains_hz = guess_mains_hz(recording) if config.notch_hz == "auto" else 0
        try:
            return cls(recording.channels, recording.sfreq, config, mains_hz=mains_hz)
        except RecordingError as error:
            raise type(error)(f"Recording {recording.name!r}: {error}") from error

    def _whole_seconds(self, block_uv: NDArray[np.float32]) -> NDArray[np.float32]:
        waiting = (
            np.concatenate([self._waiting, block_uv], axis=1, dtype=np.float32) if self._waiting.size else block_uv
        )
        n_whole = waiting.shape[1] // self._judge.second_len * self._judge.second_len
        self._waiting = waiting[:, n_whole:].copy()
        return waiting[:, :n_whole]

    def _derive(self, data: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Judge channels and form the derivations: samples, and flags of each second (the last may be partial)."""
        flags = self._judge.judge(_fill_last_second(data, self._judge.second_len))
        derived = self._of_rows.derive(self._without_nan(data, flags))
        derived_flags = self._of_rows.derive_flags(flags)
        two = self.montage.uses_two
        if two.any() and data.shape[1]:
            derived_flags[two] |= self._bridged(derived[two], flags.shape[1])
        derived_flags[~self.montage.formed] = Quality.MISSING.value
        return derived, derived_flags

    def _bridged(self, differences: NDArray[np.float32], n_seconds: int) -> NDArray[np.uint8]:
        """Find pairs of electrodes bridged by gel: alive one by one, and flat only against each other."""
        seconds = _fill_last_second(differences, self._judge.second_len).reshape(len(differences), n_seconds, -1)
        # A quarter of it clears almost every second at a quarter of the cost; the rest is looked at closely.
        quarter = seconds[:, :, : seconds.shape[2] // 4]
        bridged = quarter.max(axis=-1) - quarter.min(axis=-1) < self.config.quality.flat_uv
        bridged[bridged] = np.ptp(seconds[bridged], axis=-1) < self.config.quality.flat_uv
        return np.where(bridged, np.uint8(Quality.FLAT.value), np.uint8(0))

    def _without_nan(self, data: NDArray[np.float32], flags: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Hold the last value where a sample is absent; what comes out is marked by its flags."""
        if (flags & np.uint8(Quality.NAN.value)).any():
            held = np.hstack([self._last_value, data])
            position = np.maximum.accumulate(np.where(np.isfinite(held), np.arange(held.shape[1]), 0), axis=1)
            data = np.take_along_axis(held, position, axis=1)[:, 1:]
        if data.shape[1]:
            self._last_value = data[:, -1:].copy()
        return data

    def _filter(self, derived: NDArray[np.float32], flags: NDArray[np.uint8], *, last: bool = False) -> Processed:
        self._flags = np.concatenate([self._flags, flags], axis=1)
        if self._offset is None and derived.shape[1]:
            # Filters at rest expect a signal that starts at zero; the high-pass removes any constant anyway.
            self._offset = derived[:, :1].copy()
        if self._offset is not None:
            derived -= self._offset
        filtered = self._convert(self._band(derived), last=last)
        filtered[~self.montage.formed] = 0
        return Processed(filtered, self._flags_of_next(filtered.shape[1]))

    def _flags_of_next(self, n_times: int) -> NDArray[np.uint8]:
        """Spread the flags of whole seconds of input over the next ``n_times`` samples of output."""
        if not n_times:
            return self._flags[:, :0]
        if self._flags.any():
            quality = self._flags[:, self._second_of(np.arange(self._n_out, self._n_out + n_times))]
        else:
            quality = np.zeros((len(self._flags), n_times), np.uint8)
        self._n_out += n_times
        last = int(self._second_of(np.array(self._n_out - 1)))
        self._flags = self._flags[:, last:]
        self._first_flagged_second += last
        return quality

    def _second_of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell for samples of output which of the seconds kept in ``_flags`` they come from."""
        second = np.floor(index * (self._sfreq / self.config.sfreq)).astype(np.int64) // self._judge.second_len
        kept: NDArray[np.int64] = np.minimum(second - self._first_flagged_second, self._flags.shape[1] - 1)
        return kept


def process(
    recording: Recording, config: SignalConfig, *, block_s: float = 120.0, ahead: bool = True
) -> Iterator[Processed]:
    """Run a whole recording through the chain, in blocks.

    Parameters
    ----------
    recording : Recording
        Read once, from its start to its end.
    config : SignalConfig
        How.
    block_s : float
        Length of a block.
    ahead : bool
        Whether a second thread reads and judges the next block while one is filtered, which takes as long.

    Yields
    ------
    Processed
        Consecutive stretches; output sample k lies at k / ``config.sfreq`` s from the recording's start.

    Raises
    ------
    RecordingError
        If the recording cannot be read, or cannot be EEG in µV.
    """
    chain = SignalChain.for_recording(recording, config)
    taken = recording.of_channels(chain.rows.tolist())
    derived = (chain._derive(chain._whole_seconds(block)) for block in taken.blocks_uv(block_s))
    for data, flags in made_ahead(derived) if ahead else derived:
        yield chain._filter(data, flags)
    yield chain.flush()


def _fill_last_second(data: NDArray[np.float32], second_len: int) -> NDArray[np.float32]:
    """Repeat a partial last second until it is whole, which changes neither its span nor its share at a rail."""
    n_rest = data.shape[1] % second_len
    if not n_rest:
        return data
    rest = data[:, -n_rest:]
    return np.hstack([data[:, :-n_rest], rest[:, np.arange(second_len) % n_rest]])
