"""The one signal path, for files and for live data: montage, filters, rate conversion, quality."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import ConfigError
from eegwarn.signal.channels import Channel
from eegwarn.signal.filters import CausalFilter, RateConverter, design_high_pass_and_notch, design_low_pass
from eegwarn.signal.mains import check_amplitude, guess_mains_hz
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR, Missing, plan_montage
from eegwarn.signal.quality import Quality, QualityConfig, QualityJudge
from eegwarn.signal.recording import Recording

Notch = Literal["auto", 0, 50, 60]


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
        if not 0 < self.high_pass_hz < self.low_pass_hz < self.sfreq / 2:
            raise ConfigError(
                f"The band must satisfy 0 < high_pass_hz < low_pass_hz < sfreq / 2, but got {self.high_pass_hz}, "
                f"{self.low_pass_hz} and {self.sfreq / 2} Hz."
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

    Raises
    ------
    MontageError
        If derivations cannot be formed and ``config.missing`` is ``"error"``.
    """

    def __init__(self, channels: tuple[Channel, ...], sfreq: float, config: SignalConfig, *, mains_hz: int = 0) -> None:
        self.config = config
        self.montage = plan_montage(channels, missing=config.missing)
        notch_hz = mains_hz if config.notch_hz == "auto" else config.notch_hz
        n_derivations = len(LONGITUDINAL_BIPOLAR)
        self._sfreq = sfreq
        self._judge = QualityJudge(len(channels), sfreq, (notch_hz,) if notch_hz else (50, 60), config.quality)
        self._pair_judge = QualityJudge(int(self.montage.uses_two.sum()), sfreq, (), config.quality)
        self._low_pass = CausalFilter(design_low_pass(config.low_pass_hz, sfreq=sfreq), n_derivations)
        self._convert = RateConverter(sfreq, config.sfreq, n_derivations)
        band = design_high_pass_and_notch(config.high_pass_hz, notch_hz, sfreq=config.sfreq)
        self._band = CausalFilter(band, n_derivations)
        self._waiting = np.empty((len(channels), 0), dtype=np.float32)
        self._last_value = np.zeros((len(channels), 1), dtype=np.float32)
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
        waiting = (
            np.concatenate([self._waiting, block_uv], axis=1, dtype=np.float32) if self._waiting.size else block_uv
        )
        n_whole = waiting.shape[1] // self._judge.second_len * self._judge.second_len
        self._waiting = waiting[:, n_whole:].copy()
        whole = waiting[:, :n_whole]
        return self._work(whole, whole)

    def flush(self) -> Processed:
        """Give what still waits, at the end of a recording; nothing may be pushed after it."""
        rest = self._waiting
        # Repeating the rest fills the second that is judged without changing its span or its share at a rail.
        filled = rest[:, np.arange(self._judge.second_len) % rest.shape[1]] if rest.shape[1] else rest
        return self._work(rest, filled, last=True)

    @classmethod
    def for_recording(cls, recording: Recording, config: SignalConfig) -> Self:
        """Make the chain for a recording, looking at its scale and its mains frequency first.

        Raises
        ------
        RecordingError
            If the amplitude is implausible for EEG in µV.
        """
        check_amplitude(recording)
        mains_hz = guess_mains_hz(recording) if config.notch_hz == "auto" else 0
        return cls(recording.channels, recording.sfreq, config, mains_hz=mains_hz)

    def _work(self, data: NDArray[np.float32], judged: NDArray[np.float32], *, last: bool = False) -> Processed:
        flags = self._judge.judge(judged)
        data = self._without_nan(data, flags)
        derived = self.montage.derive(data)
        self._remember_flags(flags, derived, judged)
        if self._offset is None and derived.shape[1]:
            # Filters at rest expect a signal that starts at zero; the high-pass removes any constant anyway.
            self._offset = derived[:, :1].copy()
        if self._offset is not None:
            derived -= self._offset
        low_passed = self._low_pass(derived.astype(np.float64))
        converted = self._convert(low_passed, last=last)
        filtered = self._band(converted).astype(np.float32)
        filtered[~self.montage.formed] = 0
        return Processed(filtered, self._flags_of_next(filtered.shape[1]))

    def _without_nan(self, data: NDArray[np.float32], flags: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Hold the last value where a sample is absent; what comes out is marked by its flags."""
        if (flags & np.uint8(Quality.NAN)).any():
            held = np.hstack([self._last_value, data])
            position = np.maximum.accumulate(np.where(np.isfinite(held), np.arange(held.shape[1]), 0), axis=1)
            data = np.take_along_axis(held, position, axis=1)[:, 1:]
        if data.shape[1]:
            self._last_value = data[:, -1:].copy()
        return data

    def _remember_flags(
        self, flags: NDArray[np.uint8], derived: NDArray[np.float32], judged: NDArray[np.float32]
    ) -> None:
        derived_flags = self.montage.derive_flags(flags)
        two = self.montage.uses_two
        if two.any() and derived.shape[1] == judged.shape[1]:
            # Two electrodes bridged by gel are alive one by one, and flat only against each other.
            derived_flags[two] |= self._pair_judge.judge(derived[two]) & np.uint8(Quality.FLAT)
        derived_flags[~self.montage.formed] = Quality.MISSING
        self._flags = np.concatenate([self._flags, derived_flags], axis=1)

    def _flags_of_next(self, n_times: int) -> NDArray[np.uint8]:
        """Spread the flags of whole seconds of input over the next ``n_times`` samples of output."""
        index = np.arange(self._n_out, self._n_out + n_times)
        second = np.floor(index * (self._sfreq / self.config.sfreq)).astype(np.int64) // self._judge.second_len
        second -= self._first_flagged_second
        quality = self._flags[:, np.minimum(second, self._flags.shape[1] - 1)] if n_times else self._flags[:, :0]
        self._n_out += n_times
        if n_times:
            used = min(int(second[-1]), self._flags.shape[1] - 1)
            self._flags = self._flags[:, used:]
            self._first_flagged_second += used
        return quality


def process(recording: Recording, config: SignalConfig, *, block_s: float = 60.0) -> Iterator[Processed]:
    """Run a whole recording through the chain, in blocks, reading ahead by one.

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
    blocks = recording.blocks_uv(block_s)
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(next, blocks, None)
        while (block := ahead.result()) is not None:
            ahead = reader.submit(next, blocks, None)
            yield chain.push(block)
    yield chain.flush()
