"""Keeping the last minutes of EEG of all beds of a process, beside the judging: no disk holds a monitor up."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from eegwarn.bedside.ring import N_SECONDS, Ring
from eegwarn.bedside.writer import Tell
from eegwarn.errors import StoreError
from eegwarn.signal.chain import Processed

OpenRing = Callable[[], Ring]

_WRITE_EVERY_S = 0.5
_TRY_AGAIN_S = 10.0


@dataclass
class _Bed:
    open_ring: OpenRing
    # While a disk does not answer, the oldest are dropped.
    waiting: deque[tuple[float, Processed]] = field(default_factory=lambda: deque(maxlen=N_SECONDS))
    ring: Ring | None = None
    trouble: str = ""
    not_before_s: float = 0.0  # by the monotonic clock


class Keeper:
    """Writes the EEG of beds in a thread of its own; what cannot be written is dropped, and that is told.

    Parameters
    ----------
    rings : mapping of str to callable
        For each bed what opens its file; called in the thread, and again some time after a failure. It may raise
        OSError or StoreError.
    tell : callable
        Told when a bed's EEG cannot be kept, why, and when it is kept again.
    """

    def __init__(self, rings: Mapping[str, OpenRing], tell: Tell) -> None:
        self._beds = {bed: _Bed(open_ring) for bed, open_ring in rings.items()}
        self._tell = tell
        self._lock = Lock()
        self._closing = Event()
        self._thread = Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def add(self, bed: str, at_s: float, processed: Processed) -> None:
        """Take the next samples of a bed, the first at ``at_s`` (s since 1970, UTC); returns without waiting."""
        with self._lock:
            self._beds[bed].waiting.append((at_s, processed))

    def close(self, *, wait_s: float = 2.0) -> None:
        """Write what still waits, for ``wait_s`` seconds at most."""
        self._closing.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._closing.wait(_WRITE_EVERY_S)
            for name, bed in self._beds.items():
                with self._lock:
                    taken = list(bed.waiting)
                    bed.waiting.clear()
                if taken and time.monotonic() >= bed.not_before_s:
                    self._write(name, bed, taken)
        for bed in self._beds.values():
            if bed.ring is not None:
                bed.ring.close()

    def _write(self, name: str, bed: _Bed, taken: list[tuple[float, Processed]]) -> None:
        try:
            bed.ring = bed.ring or bed.open_ring()
            for at_s, processed in taken:
                bed.ring.append(at_s, processed)
        except (OSError, StoreError) as error:
            self._failed(name, bed, (isinstance(error, OSError) and error.strerror) or str(error))
        else:
            if bed.trouble:
                self._tell(name, "Its EEG is kept again.")
            bed.trouble = ""

    def _failed(self, name: str, bed: _Bed, why: str) -> None:
        if bed.ring is not None:
            bed.ring.close()
        bed.ring, bed.not_before_s = None, time.monotonic() + _TRY_AGAIN_S
        if why != bed.trouble:
            bed.trouble = why
            self._tell(name, f"Its EEG cannot be kept for the dashboard: {why}. It is judged all the same.")
