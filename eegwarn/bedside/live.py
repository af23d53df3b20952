"""One bed, scored as its samples come: the same windows, probabilities and alarms as a file gives offline."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.bundle import ModelConfig
from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import ModelError
from eegwarn.signal.chain import Processed, SignalChain
from eegwarn.signal.channels import Channel
from eegwarn.signal.mains import guess_mains_hz
from eegwarn.signal.quality import Quality
from eegwarn.signal.recording import Recording
from eegwarn.signal.windows import WindowCutter, Windows
from eegwarn.warning.alarm import Alarm, AlarmState, Fault, advance
from eegwarn.warning.calibrate import probability
from eegwarn.warning.trend import TrendState, follow

LISTEN_S = 60.0
"""How long a stream is held back where its mains frequency is to be found, in s: what is looked at of a file, too."""

NOT_YET = "no window is complete yet"
LISTENING = f"listening to the first {LISTEN_S:g} s for the mains frequency; signal.notch_hz = 50, 60 or 0 spares it"
_WORDS = {
    Quality.GAP: "no samples",
    Quality.MISSING: "channels are missing",
    Quality.FLAT: "flat",
    Quality.SATURATED: "saturated",
    Quality.DETACHED: "electrodes off",
    Quality.LINE_NOISE: "line noise",
    Quality.NAN: "samples are missing",
    Quality.SETTLING: "filters settle",
}


class Hops(NamedTuple):
    """What one push judged: consecutive windows, possibly none.

    ``time_s``, ``probability`` and ``smoothed``, of shape (n_windows,), are the end of each window in seconds from the
    first sample, its warning level, and the level that the alarm rule looks at; both levels are NaN where nothing could
    be judged. ``alarms`` and ``faults`` are those that lasted at any time in these windows, as of
    `eegwarn.warning.Judged`. ``reason`` says why the latest window could not be judged, or why there is none yet.
    ``processed`` is what the push gave of the signal, for windows now or later, from ``from_s`` on.
    """

    time_s: NDArray[np.float64]
    probability: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    alarms: tuple[Alarm, ...] = ()
    faults: tuple[Fault, ...] = ()
    reason: str = ""
    processed: Processed | None = None
    from_s: float = 0.0


@dataclass(frozen=True)
class Memory:
    """What a scorer hands on to one that goes on in its place, and to nobody else; its size does not grow with time.

    Parameters
    ----------
    alarm : AlarmState
        Of the alarm rule.
    trend : TrendState or None
        Of the means over minutes.
    mains_hz : int or None
        The mains frequency found, None where it was not looked for yet.
    judged_s : float or None
        End of the latest window judged.
    """

    alarm: AlarmState = field(default_factory=AlarmState)
    trend: TrendState | None = None
    mains_hz: int | None = None
    judged_s: float | None = None


class LiveScorer:
    """Scores one bed; what is pushed may be cut anywhere, and what is kept does not grow with time.

    Two things a file decides by looking at all of itself. Its mains frequency is that of its first minute: a stream
    whose frequency is not told is held back for that minute, judged in one go then, and from then on as it comes. Its
    scale is refused where it cannot be EEG in µV: a stream's quality bits say flat or detached there, which is a fault.

    Parameters
    ----------
    config : ModelConfig
        From signal to alarm.
    runtime : Runtime
        The model's network; several beds may share it.
    channels : tuple of Channel
        Rows of the blocks to come.
    sfreq : float
        Their rate, in Hz.
    mains_hz : int or None
        What ``notch_hz = "auto"`` stands for, where that is known.
    start_s : float
        Time of the first sample to come.
    memory : Memory
        Of the scorer before, where this one goes on in its place.

    Raises
    ------
    RecordingError
        If the rate is below 50 Hz, or derivations cannot be formed.
    """

    def __init__(
        self,
        config: ModelConfig,
        runtime: Runtime,
        channels: tuple[Channel, ...],
        sfreq: float,
        *,
        mains_hz: int | None = None,
        start_s: float = 0.0,
        memory: Memory | None = None,
    ) -> None:
        self.config = config
        self.memory = memory or Memory()
        self._runtime = runtime
        self._channels, self._sfreq, self._start_s = channels, sfreq, start_s
        # Made at once, though it may be made anew after the first minute: what cannot be judged is refused at once.
        self._chain = SignalChain(channels, sfreq, config.signal)
        self._cutter = WindowCutter(config.signal.sfreq, config.windows)
        self._window_len, _ = config.windows.in_samples(config.signal.sfreq)
        self._quality = np.empty((0, 0), dtype=np.uint8)
        self._n_processed = 0
        self._held: list[NDArray[np.float32]] = []
        known_hz = mains_hz if mains_hz is not None else self.memory.mains_hz
        self._listening = config.signal.notch_hz == "auto" and known_hz is None
        if not self._listening:
            self._tune(known_hz or 0)

    def push(self, block_uv: NDArray[np.float32]) -> Hops:
        """Take the next samples and judge the windows that they complete.

        Parameters
        ----------
        block_uv : ndarray, shape (n_channels, n_times)
            In µV, NaN where a sample is absent. All windows that a long block completes are judged at once.
        """
        if self._listening:
            self._held.append(block_uv)
            if sum(block.shape[1] for block in self._held) < round(LISTEN_S * self._sfreq):
                return self._hops(np.empty(0), np.empty(0), LISTENING)
            block_uv = self._listened()
        return self._judge(self._chain.push(block_uv))

    def finish(self) -> Hops:
        """Judge what still waits, at the end of a recording; nothing may be pushed after it."""
        before = self._chain.push(self._listened()) if self._listening and self._held else None
        rest = self._chain.flush()
        if before is not None:
            rest = Processed(np.hstack([before.data, rest.data]), np.hstack([before.quality, rest.quality]))
        return self._judge(rest)

    def _tune(self, mains_hz: int) -> None:
        self.memory = Memory(self.memory.alarm, self.memory.trend, mains_hz, self.memory.judged_s)
        self._chain = SignalChain(self._channels, self._sfreq, self.config.signal, mains_hz=mains_hz)

    def _listened(self) -> NDArray[np.float32]:
        """Look at what was held back as at the beginning of a file, and give it."""
        held = np.concatenate(self._held, axis=1)
        self._held, self._listening = [], False
        first = Recording("stream", self._sfreq, self._channels, held.shape[1], lambda start, stop: held[:, start:stop])
        self._tune(guess_mains_hz(first))
        return held

    def _judge(self, processed: Processed) -> Hops:
        from_s = self._start_s + self._n_processed / self.config.signal.sfreq
        self._n_processed += processed.data.shape[1]
        return self._judge_windows(processed)._replace(processed=processed, from_s=from_s)

    def _judge_windows(self, processed: Processed) -> Hops:
        recent = np.hstack([self._quality, processed.quality]) if self._quality.size else processed.quality
        self._quality = recent[:, -self._window_len :].copy()
        windows = self._cutter.push(processed)
        if not len(windows):
            return self._hops(np.empty(0), np.empty(0), "" if self.memory.judged_s else NOT_YET)
        logit, reason = self._logit(windows)
        time_s = self._start_s + windows.end_s
        if self.memory.judged_s is not None:
            # The rule must see every hop: those between two chains were not judged.
            hop_s = self.config.windows.hop_s
            between_s = np.arange(self.memory.judged_s + hop_s, time_s[0] - hop_s / 2, hop_s)
            time_s = np.concatenate([between_s, time_s])
            logit = np.concatenate([np.full(between_s.size, np.nan), logit])
        return self._hops(time_s, logit, reason)

    def _logit(self, windows: Windows) -> tuple[NDArray[np.float64], str]:
        try:
            logit = self._runtime.logit(windows)
        except ModelError as error:
            return np.full(len(windows), np.nan), str(error)
        if np.isfinite(logit[-1]):
            return logit, ""
        return logit, "the network gave no number" if windows.usable[-1] else self._why()

    def _why(self) -> str:
        """Name what is wrong with most of the latest window."""
        share = {word: float(np.mean((self._quality & flag.value) != 0)) for flag, word in _WORDS.items()}
        worst = max(share, key=lambda word: share[word])
        return worst if share[worst] else "too few derivations can be judged"

    def _hops(self, time_s: NDArray[np.float64], logit: NDArray[np.float64], reason: str) -> Hops:
        if not time_s.size:
            return Hops(time_s, logit, logit, reason=reason)
        config, memory = self.config, self.memory
        logit, trend = follow(logit, config.windows.hop_s, config.trend, memory.trend)
        level = probability(config.calibration, logit)
        alarm, judged = advance(memory.alarm, time_s, level, config.alarm)
        self.memory = Memory(alarm, trend, memory.mains_hz, float(time_s[-1]))
        return Hops(time_s, level, judged.smoothed, judged.alarms, judged.faults, reason)
