"""The loop of one bed: from its source to warning levels, alarms and faults, told and written down."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Event

import numpy as np

from eegwarn.bedside.bundle import ModelConfig
from eegwarn.bedside.diary import Diary, Tell
from eegwarn.bedside.keeper import Keeper
from eegwarn.bedside.live import Hops, LiveScorer, Memory
from eegwarn.bedside.log import RECORDING_ENDED, AlarmRow
from eegwarn.bedside.runtime import Runtime
from eegwarn.bedside.writer import LogWriter
from eegwarn.errors import RecordingError, StoreError
from eegwarn.signal.stream import Layout, Source, Stretch
from eegwarn.warning.alarm import Alarm, AlarmState

GO_ON_S = 3600.0
"""An alarm that was raised longer ago than this, in s, is not gone on with by a monitor that starts anew."""

_WAIT_S = 0.25


class Monitor:
    """Watches one bed until its source ends or it is told to stop; what goes wrong on the way is a fault, not an end.

    Parameters
    ----------
    bed : str
        Its name.
    source : Source
        Its samples.
    config : ModelConfig
        From signal to alarm.
    runtime : Runtime
        The model's network; several monitors may share it.
    writer : LogWriter
        Takes the rows.
    tell : callable
        Told of everything, in the order of time.
    goes_on : bool
        Whether the source's time is that of the day, so that an alarm that was on when the bed's last monitor ended is
        gone on with. A file that is played again begins again instead, and brings its rows up to date.
    keeper : Keeper, optional
        Takes the EEG.
    """

    def __init__(
        self,
        bed: str,
        source: Source,
        config: ModelConfig,
        runtime: Runtime,
        writer: LogWriter,
        tell: Tell,
        *,
        goes_on: bool,
        keeper: Keeper | None = None,
    ) -> None:
        self.bed = bed
        self.diary = Diary(bed, config.alarm, writer, tell)
        self._source, self._config, self._runtime, self._writer = source, config, runtime, writer
        self._goes_on, self._keeper = goes_on, keeper
        self._layout: Layout | None = None
        self._scorer: LiveScorer | None = None
        self._memory = Memory()
        self._refused = ""
        self._zero = datetime.now(UTC)
        self._slip_s = 0.0
        self._n_taken = 0

    def run(self, stop: Event) -> None:
        """Watch until the source ends or ``stop`` is set; the rows of a fault end then, those of an alarm do not.

        Raises
        ------
        RecordingError
            If a file's channels or rate cannot be used, or it cannot be read. A live stream of that kind is a fault.
        """
        self.diary.say("state", self._now(), self.diary.reason)
        self.diary.beat(at_once=True)
        self._take_up_fault()
        try:
            while not stop.is_set():
                stretch = self._source.read(_WAIT_S)
                if stretch is None:
                    self._finish()
                    break
                self.take(stretch)
            self.diary.end(self._now(), "stopped" if stop.is_set() else RECORDING_ENDED)
        except RecordingError as error:
            self.diary.end(self._now(), str(error))
            raise
        finally:
            self._source.close()

    def take(self, stretch: Stretch) -> None:
        """Judge the next samples, and tell and write down what follows."""
        if stretch.layout is not None and stretch.layout is not self._layout:
            self._begin(stretch.layout)
        self._slip_s = stretch.slip_s
        for note in stretch.notes:
            self.diary.say("note", self._now(), note)
        trouble = stretch.trouble or self._refused
        self._count(stretch)
        self.diary.follow_trouble(trouble, self._now())
        if self._scorer is not None and stretch.data_uv.shape[1]:
            hops = self._scorer.push(stretch.data_uv)
            self._memory = self._scorer.memory
            self._keep(hops)
            self.diary.judged(hops, self._at, trouble)
            if not hops.time_s.size and hops.reason and not trouble:
                self.diary.explain(self.diary.state, hops.reason, self._now())
        self.diary.beat()

    def _begin(self, layout: Layout) -> None:
        """Make the scorer of a layout, which goes on where that of the layout before ended."""
        start_s = 0.0
        if self._layout is not None:
            self._finish()
            start_s = max((layout.start - self._zero).total_seconds(), self._memory.judged_s or 0.0)
        elif self._goes_on:
            self._memory = self._remembered(layout.start)
        self._zero = layout.start - timedelta(seconds=start_s)
        self._layout, self._n_taken, self._scorer, self._refused = layout, 0, None, ""
        try:
            self._scorer = LiveScorer(
                self._config,
                self._runtime,
                layout.channels,
                layout.sfreq,
                mains_hz=layout.mains_hz,
                start_s=start_s,
                memory=self._memory,
            )
        except RecordingError as error:
            if not self._goes_on:
                raise
            self._refused = str(error)

    def _finish(self) -> None:
        if self._scorer is not None:
            hops = self._scorer.finish()
            self._memory = self._scorer.memory
            self._keep(hops)
            self.diary.judged(hops, self._at)

    def _keep(self, hops: Hops) -> None:
        if self._keeper is not None and hops.processed is not None and hops.processed.data.size:
            self._keeper.add(self.bed, self._at(hops.from_s).timestamp(), hops.processed)

    def _remembered(self, start: datetime) -> Memory:
        """Ask for the alarm that was on, or cleared lately, when this bed's last monitor ended."""
        try:
            latest = self._writer.latest_alarm(self.bed)
        except StoreError as error:
            self.diary.say("note", start, f"{error} An alarm of before cannot be gone on with.")
            return Memory()
        if latest is None or latest.raised_at > start:
            return Memory()
        raised_s = (latest.raised_at - start).total_seconds()
        if latest.cleared_at is not None:
            cleared_s = (latest.cleared_at - start).total_seconds()
            return Memory(AlarmState(silent_until_s=cleared_s + self._config.alarm.refractory_s))
        if raised_s < -GO_ON_S:
            over = AlarmRow(latest.raised_at, start, latest.peak_probability)
            self._writer.add(self.bed, alarms=[over], urgent=True)
            return Memory()
        self.diary.go_on_with(raised_s, latest, start)
        return Memory(AlarmState(alarm=Alarm(raised_s, None, latest.peak_probability)))

    def _take_up_fault(self) -> None:
        """Go on with the fault in which this bed's last monitor was killed; played again, a file writes its own."""
        if not self._goes_on:
            return
        try:
            left = self._writer.open_fault(self.bed)
        except StoreError as error:
            self.diary.say("note", self._now(), f"{error} A fault of before cannot be gone on with.")
            return
        if left is not None and left.start_at <= self._now():
            self.diary.go_on_with_fault(left)

    def _count(self, stretch: Stretch) -> None:
        """Follow how far the samples reach; those filled in for a silence do not count as data."""
        if stretch.layout is None:
            return
        present = np.flatnonzero(np.isfinite(stretch.data_uv).any(axis=0))
        if present.size:
            self.diary.data_until = self._sample_at(self._n_taken + int(present[-1]) + 1)
        self._n_taken += stretch.data_uv.shape[1]

    def _at(self, time_s: float) -> datetime:
        """Give the UTC of a time of the scorer's, to the millisecond."""
        return self._zero + timedelta(milliseconds=round(1e3 * (time_s + self._slip_s)))

    def _now(self) -> datetime:
        """Give the UTC up to which samples came, or were known to be absent."""
        return datetime.now(UTC) if self._layout is None else self._sample_at(self._n_taken)

    def _sample_at(self, n_samples: int) -> datetime:
        layout = self._layout
        if layout is None:
            return self._zero
        return layout.start + timedelta(milliseconds=round(1e3 * (n_samples / layout.sfreq + self._slip_s)))


def watch(monitors: Sequence[Monitor], stop: Event) -> dict[str, RecordingError]:
    """Run the monitors side by side, a thread for each, until all have ended.

    Parameters
    ----------
    monitors : sequence of Monitor
        Of different beds.
    stop : Event
        Set to end them all; one that ends by itself, or fails, leaves the others running.

    Returns
    -------
    dict of str to RecordingError
        Why a bed could not be watched to its end.
    """
    with ThreadPoolExecutor(max_workers=len(monitors), thread_name_prefix="bed") as threads:
        running = {threads.submit(monitor.run, stop): monitor.bed for monitor in monitors}
        failed: dict[str, RecordingError] = {}
        left = set(running)
        try:
            while left:
                # With a time limit, so that signals are seen to meanwhile.
                done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
                for each in done:
                    error = each.exception()
                    if isinstance(error, RecordingError):
                        failed[running[each]] = error
                    elif error is not None:
                        raise error
        finally:
            stop.set()
    return failed
