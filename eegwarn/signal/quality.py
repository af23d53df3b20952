"""Whether samples can be trusted: a state per channel and second, from the raw signal before any filter."""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import ConfigError


class Quality(IntFlag):
    """Why a sample cannot be trusted; 0 where it can. Several reasons may hold at once."""

    SETTLING = 1
    FLAT = 2
    SATURATED = 4
    LINE_NOISE = 8
    DETACHED = 16
    GAP = 32
    NAN = 64
    MISSING = 128


@dataclass(frozen=True)
class QualityConfig:
    """Limits on the raw signal, each judged over one second of one channel.

    Parameters
    ----------
    flat_uv : float
        Flat where the peak-to-peak amplitude stays below this, in µV.
    saturated_share : float
        Saturated where this share of the samples sits exactly on the second's largest or smallest value.
    saturated_above_uv : float
        Saturation is looked for only beyond this absolute amplitude, in µV.
    line_noise_uv : float
        Line noise where the amplitude at the mains frequency exceeds this, in µV; less is left to the notch.
    detached_uv : float
        Detached where the peak-to-peak amplitude exceeds this, in µV.
    settle_s : float
        How long filters are taken to settle after the start and after a bad stretch, in s.
    """

    flat_uv: float = 0.5
    saturated_share: float = 0.1
    saturated_above_uv: float = 150.0
    line_noise_uv: float = 100.0
    detached_uv: float = 3000.0
    settle_s: float = 3.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < np.inf:
                raise ConfigError(f"quality.{name} must be above 0 and finite, but got {value!r}.")


_UNSETTLES = Quality.FLAT | Quality.SATURATED | Quality.DETACHED | Quality.GAP | Quality.NAN


class QualityJudge:
    """Judges whole seconds of raw signal; what it remembers is how lately each channel was bad.

    Parameters
    ----------
    n_channels, sfreq : int, float
        Of the raw signal.
    mains_hz : tuple of int
        Frequencies at which line noise is looked for.
    config : QualityConfig
        The limits.
    """

    def __init__(self, n_channels: int, sfreq: float, mains_hz: tuple[int, ...], config: QualityConfig) -> None:
        self.config = config
        self.second_len = round(sfreq)
        self._settle_seconds = int(np.ceil(config.settle_s))
        self._since_bad = np.zeros(n_channels, dtype=np.int64)
        times = np.arange(self.second_len) / sfreq
        taper = np.hanning(self.second_len) / np.hanning(self.second_len).sum() * 2
        waves = [taper * np.exp(2j * np.pi * hz * times) for hz in mains_hz if hz < sfreq / 2]
        self._waves = [wave.astype(np.complex64) for wave in waves]

    def judge(self, data: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Give the state of every channel in every second.

        Parameters
        ----------
        data : ndarray, shape (n_channels, n_seconds * second_len)
            Raw signal in µV, NaN where there is none.

        Returns
        -------
        ndarray of uint8, shape (n_channels, n_seconds)
            Bits of `Quality`.
        """
        seconds = data.reshape(len(data), -1, self.second_len)
        flags = amplitude_flags(seconds, self.config, self._waves)
        absent = (flags & np.uint8(Quality.NAN.value)).all(axis=0)
        if absent.any():
            in_gap = ~np.isfinite(seconds[:, absent]).any(axis=0)
            flags[:, absent] |= np.where(in_gap.any(axis=-1), np.uint8(Quality.GAP.value), np.uint8(0))
        return self._with_settling(flags)

    def _with_settling(self, flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
        n_seconds = flags.shape[1]
        positions = np.arange(1, n_seconds + 1)
        last_bad = np.where((flags & np.uint8(_UNSETTLES.value)) != 0, positions, 0)
        last_bad = np.maximum.accumulate(last_bad, axis=1)
        since_bad = np.where(last_bad > 0, positions - last_bad, self._since_bad[:, None] + positions)
        settling = (since_bad <= self._settle_seconds) & (since_bad > 0)
        if n_seconds:
            self._since_bad = since_bad[:, -1]
        return flags | np.where(settling, np.uint8(Quality.SETTLING.value), np.uint8(0))


def amplitude_flags(
    seconds: NDArray[np.float32], config: QualityConfig, waves: list[NDArray[np.complex64]]
) -> NDArray[np.uint8]:
    """Judge seconds by themselves: flat, saturated, detached, line noise, or with a sample absent.

    Parameters
    ----------
    seconds : ndarray, shape (n_channels, n_seconds, second_len)
        Raw signal in µV.
    config : QualityConfig
        The limits.
    waves : list of ndarray, shape (second_len,)
        Tapered complex waves at the mains frequencies, scaled so that their product with a sine is its amplitude.

    Returns
    -------
    ndarray of uint8, shape (n_channels, n_seconds)
        A second with an absent sample is `Quality.NAN` and nothing else.
    """
    # The largest value is not finite as soon as one sample is not: finding NaN takes no pass of its own.
    highest, lowest = seconds.max(axis=-1), seconds.min(axis=-1)
    known = np.isfinite(highest) & np.isfinite(lowest)
    span = np.subtract(highest, lowest, out=np.zeros_like(highest), where=known)
    flags = np.where(known, np.uint8(0), np.uint8(Quality.NAN.value))
    flags[known & (span < config.flat_uv)] |= Quality.FLAT.value
    flags[span > config.detached_uv] |= Quality.DETACHED.value
    suspect = known & (np.maximum(highest, -lowest) > config.saturated_above_uv)
    if suspect.any():
        samples = seconds[suspect]
        at_rail = np.maximum(
            (samples == highest[suspect][:, None]).mean(axis=-1), (samples == lowest[suspect][:, None]).mean(axis=-1)
        )
        flags[suspect] |= np.where(at_rail > config.saturated_share, np.uint8(Quality.SATURATED.value), np.uint8(0))
    # A sine swings by twice its amplitude: a second that swings by less than that needs no transform.
    loud = span > 1.9 * config.line_noise_uv
    if waves and loud.any():
        amplitude = np.max([np.abs(_products(seconds[loud], wave)) for wave in waves], axis=0)
        flags[loud] |= np.where(amplitude > config.line_noise_uv, np.uint8(Quality.LINE_NOISE.value), np.uint8(0))
    return flags


def _products(seconds: NDArray[np.float32], wave: NDArray[np.complex64]) -> NDArray[np.complex64]:
    # einsum without BLAS sums each row by itself, so that the split into blocks cannot change a bit.
    real = np.einsum("st,t->s", seconds, np.ascontiguousarray(wave.real), optimize=False)
    imaginary = np.einsum("st,t->s", seconds, np.ascontiguousarray(wave.imag), optimize=False)
    product: NDArray[np.complex64] = real + 1j * imaginary
    return product
