"""What the page of an open bed shows of its EEG: the last seconds, ten minutes of power, and why it warned.

The EEG is what its monitor keeps in a file, see `eegwarn.bedside.ring`. How old it is goes with it, and the browser
counts on from there: what is old is never shown as live, whoever has stopped.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from app.display import HIGH_PASSES_HZ, LOW_PASSES_HZ, asked_display
from app.eeg_page import EegPage
from app.montages import BIPOLAR
from app.reasons import reasons_on
from app.scene import LONGEST_PAGE_S, PAGE_S, Level, display_choices, page_scene, spectrogram_scene
from app.scores import OpenedModel, open_model, sha256_of
from app.spectrogram import spectrogram
from app.tiles import played_at
from eegwarn.bedside.recent import RecentEeg, read_ring
from eegwarn.bedside.ring import KEPT_S, N_SECONDS, SCALE_UV, in_steps, remove_old, ring_path
from eegwarn.errors import EegwarnError, ModelError, RecordingError
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.filters import CausalFilter, design_band
from eegwarn.signal.quality import Quality
from eegwarn.store import Store
from eegwarn.store.alarms import Bed, StoredAlarm, alarms_between
from eegwarn.store.answer import Display
from eegwarn.store.beds import faults_between, levels_between
from eegwarn.store.place import recent_folder
from eegwarn.store.promotions import present_watches
from eegwarn.warning.alarm import AlarmConfig, smooth

OLD_AFTER_S = 8.0
"""EEG comes in whole seconds, up to 3 s late, and is looked for every 2 s: what is older than this is not live."""

LOOK_BACK_S = 10.0
"""The reasons are those of the window that spoke most for a seizure of the windows that ended in these seconds."""

_SMOOTHED_OVER_S = 120.0
_MEMORY_S = 5.0
_NO_HIGH_PASS_HZ = 0.01


@dataclass(frozen=True)
class LiveAsk:
    """What the browser wants to see of a bed.

    Parameters
    ----------
    page_s : float
        So many seconds fill the page.
    display : Display
        The filters, where they were chosen.
    has_reasons : bool
        Whether the reasons are looked at.
    moment : {"", "alarm", "now"}
        Of when the reasons are; empty for the alarm where there is one, else now.
    """

    page_s: float = PAGE_S
    display: Display = field(default_factory=Display)
    has_reasons: bool = False
    moment: str = ""


def live_ask(sent: object) -> LiveAsk:
    """Read what the browser sent."""
    given: Mapping[str, Any] = sent if isinstance(sent, Mapping) else {}
    page_s = min(max(float(given.get("page_s") or PAGE_S), 1.0), LONGEST_PAGE_S)
    moment = str(given.get("moment") or "")
    return LiveAsk(page_s, asked_display(given.get("display")), bool(given.get("has_reasons")), moment)


def live_scene(store: Store, bed: Bed, ask: LiveAsk, now: datetime) -> dict[str, Any]:
    """Gather what is drawn of a bed now; where its EEG cannot be had, ``problem`` says why.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    scene: dict[str, Any] = {
        "bed": bed.name,
        "at": now.timestamp(),
        "old_after_s": OLD_AFTER_S,
        "state": bed.state.value,
        "is_at_fault": bed.is_at_fault,
        "is_offline": bed.is_offline,
        "reason": bed.heartbeat.reason if bed.heartbeat else "",
        "has_ended": bed.heartbeat is not None and bed.heartbeat.recording_has_ended,
        "is_played": played_at(bed) is not None,
        "problem": "",
        "note": "",
        "page": None,
        "spectrogram": None,
        "reasons": None,
    }
    try:
        recent = _recent(store, bed, now)
    except EegwarnError as error:
        return scene | {"problem": str(error)}
    model, note = _watching_model(store, bed.name)
    signal = model.bundle.config.signal if model else SignalConfig()
    alarm_rule = model.bundle.config.alarm if model else None
    page = recent_page(recent, ask, signal)
    start_s, end_s = recent.end_s - N_SECONDS, recent.end_s
    alarms = _alarms(store, bed, start_s, end_s)
    # A recording that is played has a time of its own; of a live stream, the samples may be older than the file.
    until_s = recent.written_s if scene["is_played"] else min(recent.written_s, end_s)
    return scene | {
        "until": until_s,
        "note": note,
        "page": page_scene(page, _level(store, bed.name, page, alarm_rule)),
        "threshold": alarm_rule.threshold if alarm_rule else None,
        "alarms": [_alarm_span(alarm, end_s) for alarm in alarms],
        "faults": _faults(store, bed.name, start_s, end_s),
        "choices": _choices(signal),
        "spectrogram": spectrogram_scene(spectrogram(ten_minutes(recent))),
        "reasons": _reasons(recent, model, alarms, ask) if ask.has_reasons else None,
    }


def recent_page(recent: RecentEeg, ask: LiveAsk, signal: SignalConfig) -> EegPage:
    """Cut out the last seconds; filters that are narrower than the monitor's are run over what it kept.

    Parameters
    ----------
    recent : RecentEeg
        As the model sees it; what its filters took away cannot be had back.
    ask : LiveAsk
        How long, and how filtered.
    signal : SignalConfig
        The monitor's filters.
    """
    high_hz = max(ask.display.high_pass_hz or 0.0, signal.high_pass_hz)
    low_hz = min(ask.display.low_pass_hz or math.inf, signal.low_pass_hz)
    n_times = min(round(ask.page_s * recent.sfreq), recent.data.shape[1])
    data = recent.data[:, -n_times:]
    if high_hz > signal.high_pass_hz or low_hz < signal.low_pass_hz:
        kept = recent.data[:, -n_times - round(_MEMORY_S * recent.sfreq) :]
        # What the monitor did already is not done twice: that would take away more.
        is_higher, is_lower = high_hz > signal.high_pass_hz, low_hz < signal.low_pass_hz
        band_hz = high_hz if is_higher else _NO_HIGH_PASS_HZ, low_hz if is_lower else recent.sfreq
        sections = design_band(*band_hz, 0, sfreq=recent.sfreq)
        data = in_steps(CausalFilter(sections, len(kept))(kept * SCALE_UV)[:, -n_times:])
    return EegPage(
        data,
        recent.quality[:, -n_times:],
        recent.end_s - n_times / recent.sfreq,
        recent.sfreq,
        display=Display(BIPOLAR, high_hz, low_hz),
    )


def ten_minutes(recent: RecentEeg) -> EegPage:
    """Give all that is kept as a page of ten minutes, with a gap where nothing was written yet."""
    n_before = round(N_SECONDS * recent.sfreq) - recent.data.shape[1]
    pad = (0, 0), (max(n_before, 0), 0)
    return EegPage(
        np.pad(recent.data, pad)[:, max(-n_before, 0) :],
        np.pad(recent.quality, pad, constant_values=Quality.GAP.value)[:, max(-n_before, 0) :],
        recent.end_s - N_SECONDS,
        recent.sfreq,
    )


def _recent(store: Store, bed: Bed, now: datetime) -> RecentEeg:
    folder = recent_folder(store.place)
    path = ring_path(folder, bed.name)
    remove_old(folder, time.time())
    try:
        print_ = str(path), path.stat().st_mtime_ns
    except OSError as error:
        raise RecordingError(
            "No EEG of this bed is kept here: its monitor runs on another computer, or cannot write it."
        ) from error
    recent = _read(print_, bed.name)
    if recent is None:
        why = bed.heartbeat.reason if bed.heartbeat and not bed.is_offline else ""
        raise RecordingError(f"No second of EEG was written yet. {why}".rstrip())
    if now.timestamp() - recent.written_s > KEPT_S:
        raise RecordingError("The last EEG of this bed is more than a day old, and not shown.")
    return recent


@st.cache_resource(max_entries=4, ttl=60, show_spinner=False)
def _read(file_print: tuple[str, int], bed: str) -> RecentEeg | None:
    return read_ring(Path(file_print[0]), bed)


def _watching_model(store: Store, bed: str) -> tuple[OpenedModel | None, str]:
    """Give the model that watches a bed; where it cannot be had, None and why."""
    watch = present_watches(store).get(bed)
    if watch is None:
        return None, "It is not written down which model watches this bed."
    try:
        model = open_model(watch.path)
        is_same = sha256_of(model.file_print) == watch.fingerprint
    except (ModelError, OSError) as error:
        return None, f"The model that watches this bed cannot be read: {error}"
    return (model, "") if is_same else (None, f"{watch.path.name!r} has changed since it began to watch this bed.")


def _choices(signal: SignalConfig) -> dict[str, Any]:
    """List what can be chosen of a signal that was filtered and made bipolar already: the same, or less."""
    return display_choices((BIPOLAR,)) | {
        "high_pass_hz": [signal.high_pass_hz, *(hz for hz in HIGH_PASSES_HZ if hz > signal.high_pass_hz)],
        "low_pass_hz": [*(hz for hz in LOW_PASSES_HZ if hz < signal.low_pass_hz), signal.low_pass_hz],
        "notch_hz": [],
    }


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _level(store: Store, bed: str, page: EegPage, rule: AlarmConfig | None) -> Level | None:
    """Give the level that the alarm rule looks at, over a page."""
    if rule is None:
        return None
    end_s = page.start_s + page.data.shape[1] / page.sfreq
    rows = levels_between(store, bed, _utc(page.start_s - _SMOOTHED_OVER_S), _utc(end_s + 1.0))
    time_s = np.array([row.at.timestamp() for row in rows])
    level = np.array([np.nan if row.level is None else row.level for row in rows], dtype=np.float64)
    return Level(time_s, smooth(time_s, level, rule), rule.threshold)


def _alarms(store: Store, bed: Bed, start_s: float, end_s: float) -> list[StoredAlarm]:
    """Give the alarms of the last minutes and those that last, the latest first."""
    found = {alarm.id: alarm for alarm in alarms_between(store, _utc(start_s), _utc(end_s + 1.0), bed=bed.name)}
    found |= {alarm.id: alarm for alarm in bed.alarms if alarm.raised_at.timestamp() <= end_s + 1.0}
    return sorted(found.values(), key=lambda alarm: alarm.raised_at, reverse=True)


def _alarm_span(alarm: StoredAlarm, end_s: float) -> dict[str, float]:
    over_s = alarm.cleared_at.timestamp() if alarm.cleared_at else end_s
    return {"start_s": alarm.raised_at.timestamp(), "end_s": over_s, "peak": alarm.peak_probability}


def _faults(store: Store, bed: str, start_s: float, end_s: float) -> list[dict[str, float]]:
    rows = faults_between(store, bed, _utc(start_s), _utc(end_s + 1.0))
    return [
        {"start_s": row.start_at.timestamp(), "end_s": row.end_at.timestamp() if row.end_at else end_s} for row in rows
    ]


def _reasons(recent: RecentEeg, model: OpenedModel | None, alarms: list[StoredAlarm], ask: LiveAsk) -> dict[str, Any]:
    """Weigh the window that spoke most for a warning, before the latest alarm or now."""
    window_s = model.bundle.config.windows.window_s if model else 0.0
    raised_s = [alarm.raised_at.timestamp() for alarm in alarms]
    here_s = next((at_s for at_s in raised_s if recent.start_s + window_s < at_s <= recent.end_s + 1.0), None)
    is_alarm = here_s is not None and ask.moment != "now"
    found: dict[str, Any] = {"moment": "alarm" if is_alarm else "now", "alarm_s": here_s, "problem": ""}
    if model is None:
        return found | {"problem": "Without its model nothing can be weighed."}
    end_s = min(here_s if is_alarm and here_s is not None else recent.end_s, recent.end_s)
    stop = round((end_s - recent.start_s) * recent.sfreq)
    first = max(0, stop - round((LOOK_BACK_S + window_s) * recent.sfreq))
    stretch = replace(
        recent,
        data=recent.data[:, first:stop],
        quality=recent.quality[:, first:stop],
        start_s=recent.start_s + first / recent.sfreq,
    )
    page = EegPage(stretch.data, stretch.quality, stretch.start_s, stretch.sfreq)
    try:
        return found | reasons_on(page, model)
    except EegwarnError as error:
        return found | {"problem": str(error)}
