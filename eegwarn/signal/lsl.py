"""A live stream of the Lab Streaming Layer, found by its name, and found again when it was lost."""

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.signal.channels import Channel, parse_channel
from eegwarn.signal.stream import Layout, Stretch
from eegwarn.signal.timeline import STALL_S, Timeline

RECONNECT_S = 10.0
"""A stream that is silent for so long, in s, is looked for anew even if its connection seems to hold."""

_BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
_SEARCH_S = 1.0
_BUFFER_S = 360
_CHUNK_S = 0.25
_LONGEST_GAP_S = 60.0
"""A gap is filled sample by sample up to this, in s; after a longer one the signal path begins anew."""

_TO_UV = {
    **dict.fromkeys(("volts", "volt", "v", "0"), 1e6),
    **dict.fromkeys(("millivolts", "millivolt", "mv", "-3"), 1e3),
    **dict.fromkeys(("nanovolts", "nanovolt", "nv", "-9"), 1e-3),
}
"""Any other unit, or none, is taken to be µV: a wrong one shows as flat or detached, which is a fault."""


class LslStream:
    """Gives the EEG channels of a live stream, by name, in an order that stays the same.

    A stream that comes back with its channels in another order, or without some of them, goes on in the order that it
    had, the missing ones as NaN. With another rate or with other channels it gets a new `Layout`.

    Parameters
    ----------
    name : str
        Of the stream; one that several streams share is a trouble.

    Raises
    ------
    ModuleNotFoundError
        If mne-lsl is not installed.
    """

    def __init__(self, name: str) -> None:
        from mne_lsl import lsl, set_log_level

        set_log_level("ERROR")
        self._lsl: Any = lsl
        self._name = name
        self._inlet: Any = None
        self._layout: Layout | None = None
        self._timeline: Timeline | None = None
        self._channels: tuple[Channel, ...] = ()
        self._sfreq = 0.0
        self._anew = True
        self._rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._to_uv: NDArray[np.float32] = np.empty((0, 1), dtype=np.float32)
        self._trouble = f"no stream named {name!r} was found yet"
        self._notes: list[str] = []
        self._n_failed = 0
        self._search_at_s = 0.0
        self._heard_s = 0.0

    def read(self, wait_s: float) -> Stretch:
        """Give what came, gaps and the time of a stall filled with NaN; connect first where that is due."""
        if self._inlet is None and self._lsl.local_clock() >= self._search_at_s:
            self._connect()
        elif self._inlet is None:
            time.sleep(max(0.0, min(wait_s, self._search_at_s - self._lsl.local_clock())))
        samples, stamp_s = self._pull(wait_s) if self._inlet is not None else (None, np.empty(0))
        now_s = float(self._lsl.local_clock())
        laid = [] if samples is None or not stamp_s.size else [self._place(samples, stamp_s, now_s)]
        notes, self._notes = tuple(self._notes), []
        timeline, layout = self._timeline, self._layout
        if timeline is None or layout is None:
            return Stretch(None, np.empty((0, 0), dtype=np.float32), trouble=self._trouble, notes=notes)
        laid.append(timeline.fill(now_s, most_s=_LONGEST_GAP_S))
        trouble = (self._trouble or f"stalled: no samples for {STALL_S:g} s") if timeline.is_stalled(now_s) else ""
        return Stretch(layout, np.hstack(laid), timeline.slip_s, trouble, notes)

    def close(self) -> None:
        """Let go of the connection."""
        if self._inlet is not None:
            self._inlet.close_stream()
            self._inlet = None

    def _connect(self) -> None:
        """Look for the stream once, for a second; the next time is put off further after every failure."""
        lsl = self._lsl
        # One would be enough, but two beds under one name must be seen.
        found = lsl.resolve_streams(timeout=_SEARCH_S, name=self._name, minimum=2)
        self._trouble = f"no stream named {self._name!r} is there"
        if len(found) > 1:
            self._trouble = f"{len(found)} streams are named {self._name!r}: give each a name of its own"
        elif found:
            self._trouble = self._open(found[0])
        self._search_at_s = float(lsl.local_clock()) + _BACK_OFF_S[min(self._n_failed, len(_BACK_OFF_S) - 1)]
        self._n_failed = 0 if self._inlet is not None else self._n_failed + 1

    def _open(self, found: Any) -> str:
        """Connect to a stream; gives what is in the way, if anything is."""
        # liblsl's own recovery would go on with the old order of channels.
        options = {"max_buffered": _BUFFER_S, "recover": False, "processing_flags": ["clocksync"]}
        try:
            inlet = self._lsl.StreamInlet(found, **options)
            inlet.open_stream(timeout=2.0)
            info = inlet.get_sinfo(timeout=2.0)
        except (RuntimeError, TimeoutError) as error:
            return f"stream {self._name!r} cannot be opened: {error}"
        labels = info.get_channel_names() or []
        names = {channel: row for row, label in reversed(list(enumerate(labels))) if (channel := parse_channel(label))}
        if not names or not info.sfreq or info.dtype == "string":
            inlet.close_stream()
            return f"stream {self._name!r} has no named EEG channel, no rate or no numbers"
        units = info.get_channel_units() or [None] * len(labels)
        self._inlet, self._heard_s = inlet, float(self._lsl.local_clock())
        self._take(names, units, float(info.sfreq))
        return ""

    def _take(self, row_of: dict[Channel, int], units: list[str | None], sfreq: float) -> None:
        """Put the stream's rows in the order that is known, or begin a new one."""
        if self._sfreq != sfreq or not set(row_of) <= set(self._channels):
            if self._layout is not None:
                self._notes.append(f"came back with other channels or at {sfreq:g} Hz: the signal path begins anew")
            self._channels, self._sfreq = tuple(sorted(row_of, key=lambda channel: row_of[channel])), sfreq
            self._anew = True
        absent = [channel.name for channel in self._channels if channel not in row_of]
        if absent:
            self._notes.append(f"came back without {', '.join(absent)}")
        if self._timeline is not None:
            self._timeline.reconnected()
        self._rows = np.array([row_of.get(channel, -1) for channel in self._channels], dtype=np.intp)
        factors = [_TO_UV.get(str(units[row]).lower(), 1.0) if row >= 0 else np.nan for row in self._rows]
        self._to_uv = np.array(factors, dtype=np.float32)[:, None]

    def _pull(self, wait_s: float) -> tuple[NDArray[np.float32] | None, NDArray[np.float64]]:
        """Take all that came, shape (n_channels, n_times) in µV; a lost stream is let go of."""
        sizes = max(1, round(_CHUNK_S * self._sfreq)), max(1, round(_BUFFER_S * self._sfreq))
        parts, stamps = [], []
        try:
            for size, timeout in zip(sizes, (wait_s, 0.0), strict=True):
                samples, stamp_s = self._inlet.pull_chunk(timeout=timeout, max_samples=size)
                # Both are views of a buffer that the next call writes over.
                parts.append(np.array(samples, dtype=np.float32))
                stamps.append(stamp_s.copy())
        except (RuntimeError, TimeoutError):
            self._lose("the stream was lost")
        stamp_s = np.concatenate([np.empty(0), *stamps])
        now_s = float(self._lsl.local_clock())
        if stamp_s.size:
            self._heard_s = now_s
            self._n_failed = 0
            rows = np.concatenate([part for part in parts if part.size]).T
            return rows[self._rows] * self._to_uv, stamp_s
        if self._inlet is not None and now_s - self._heard_s > RECONNECT_S:
            self._lose(f"silent for {RECONNECT_S:g} s")
        return None, stamp_s

    def _lose(self, why: str) -> None:
        self.close()
        self._trouble = why
        self._search_at_s = 0.0

    def _place(self, data_uv: NDArray[np.float32], stamp_s: NDArray[np.float64], now_s: float) -> NDArray[np.float32]:
        """Lay samples on the time line; begin a new one where the stream is another, or was away for long."""
        timeline = self._timeline
        if timeline is None or self._anew or now_s - timeline.next_s >= _LONGEST_GAP_S:
            timeline = self._timeline = Timeline(len(self._channels), self._sfreq)
            laid = timeline.place(stamp_s, data_uv, now_s)
            ago_s = now_s - (timeline.start_s or now_s)
            start = datetime.fromtimestamp(time.time() - ago_s, UTC)
            self._layout, self._anew = Layout(self._channels, self._sfreq, start), False
            return laid
        n_jumps = timeline.n_jumps
        laid = timeline.place(stamp_s, data_uv, now_s)
        if timeline.n_jumps > n_jumps:
            self._notes.append("the sender's clock jumped; its samples are timed by their arrival")
        return laid
