"""What an open bed shows of its EEG, without a browser: what is old, absent or at fault is never shown as live."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from app.live import OLD_AFTER_S, LiveAsk, live_ask, live_scene, recent_page, ten_minutes
from app.reasons import reasons_on
from app.scores import open_model
from app.tiles import read_ward
from eegwarn.bedside.log import RECORDING_ENDED, AlarmRow, BedState
from eegwarn.bedside.recent import RecentEeg, read_ring
from eegwarn.bedside.ring import SCALE_UV, Ring, ring_path
from eegwarn.signal.chain import Processed, SignalConfig
from eegwarn.signal.quality import Quality
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Display
from eegwarn.store.beds import bed_log
from eegwarn.store.place import recent_folder
from eegwarn.store.promotions import add_watch
from training.benchmarks import ward

BED = "bed 1"
SFREQ = 128


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.db")
    ward.watch(opened, BED)
    yield opened
    opened.close()


@pytest.fixture
def model(store: Store, folder: Path, tmp_path: Path) -> Path:
    """A model that warns of amplitude, written down as the one that watches."""
    path = Path(shutil.copy(folder / "amplitude.eegwarn", tmp_path))
    add_watch(store, BED, hashlib.sha256(path.read_bytes()).hexdigest(), path, by="engineer")
    return path


def keep(store: Store, *, n_seconds: int = 60, s_ago: float = 0.0, loud_s: tuple[int, int] = (0, 0)) -> float:
    """Keep noise as a monitor does, its end so long ago; F3-C3 is loud for some seconds. Gives its start."""
    data = np.random.default_rng(5).normal(0, 5, (18, n_seconds * SFREQ)).astype(np.float32)
    data[5, loud_s[0] * SFREQ : loud_s[1] * SFREQ] *= 300
    start_s = time.time() - s_ago - n_seconds
    ring = Ring(ring_path(recent_folder(store.place), BED), BED, SFREQ, goes_on=True)
    ring.append(start_s, Processed(data, np.zeros(data.shape, dtype=np.uint8)))
    ring.close()
    return start_s


def scene(store: Store, **ask: object) -> dict:
    at = read_ward(store)
    (bed,) = at.beds
    return live_scene(store, bed, live_ask(ask), at.at)


def test_a_bed_without_eeg_says_why_and_shows_none(store: Store) -> None:
    shown = scene(store)
    assert shown["page"] is None
    assert "on another computer" in shown["problem"]
    path = ring_path(recent_folder(store.place), BED)
    Ring(path, BED, SFREQ, goes_on=True).close()
    assert "No second of EEG" in scene(store)["problem"]
    path.write_bytes(b"nonsense")
    assert "not written by a monitor" in scene(store)["problem"]


def test_the_last_seconds_end_where_the_file_ends_and_their_age_goes_with_them(store: Store, model: Path) -> None:
    start_s = keep(store)
    shown = scene(store)
    assert (shown["problem"], shown["note"]) == ("", "")
    assert shown["page"]["start_s"] + shown["page"]["n_times"] / SFREQ == pytest.approx(start_s + 60, abs=0.01)
    assert shown["page"]["n_times"] == 10 * SFREQ
    assert shown["at"] - shown["until"] < OLD_AFTER_S
    assert shown["reasons"] is None
    assert shown["choices"]["available"] == ["longitudinal bipolar"]


def test_eeg_whose_samples_are_late_is_as_old_as_they_are(store: Store, model: Path) -> None:
    keep(store, s_ago=40)
    shown = scene(store)
    assert shown["at"] - shown["until"] == pytest.approx(40, abs=2)


def test_eeg_of_yesterday_is_neither_shown_nor_kept(store: Store) -> None:
    keep(store)
    path = ring_path(recent_folder(store.place), BED)
    os.utime(path, (time.time() - 90_000,) * 2)
    assert scene(store)["page"] is None
    assert not path.exists()


def test_fault_and_silence_of_the_monitor_go_with_the_eeg(store: Store, model: Path) -> None:
    keep(store)
    ward.watch(store, BED, BedState.FAULT, level=None, reason="electrodes off")
    ward.fault(store, BED, "electrodes off", s_ago=5)
    shown = scene(store)
    assert (shown["state"], shown["is_at_fault"], shown["reason"]) == ("fault", True, "electrodes off")
    assert len(shown["faults"]) == 1
    at = read_ward(store, ward.now() + timedelta(seconds=60))
    assert live_scene(store, at.beds[0], LiveAsk(), at.at)["is_offline"]
    assert not live_scene(store, at.beds[0], LiveAsk(), at.at)["has_ended"]


def test_bed_whose_recording_has_ended_says_so_with_the_eeg(store: Store, model: Path) -> None:
    keep(store)
    ward.watch(store, BED, BedState.FAULT, level=None, reason=RECORDING_ENDED)
    at = read_ward(store, ward.now() + timedelta(seconds=60))
    shown = live_scene(store, at.beds[0], LiveAsk(), at.at)
    assert (shown["is_offline"], shown["has_ended"], shown["reason"]) == (True, True, "the recording has ended")


def test_a_model_that_is_gone_or_another_leaves_the_eeg_and_says_so(store: Store, model: Path) -> None:
    keep(store)
    model.write_bytes(model.read_bytes()[:-1])
    shown = scene(store, has_reasons=True)
    assert "cannot be read" in shown["note"]
    assert (shown["threshold"], shown["page"]["n_times"]) == (None, 10 * SFREQ)
    assert "nothing can be weighed" in shown["reasons"]["problem"]


def test_reasons_are_of_the_alarm_and_name_the_derivation_and_the_seconds_that_raised_it(
    store: Store, model: Path
) -> None:
    start_s = keep(store, loud_s=(30, 32))
    now_ones = scene(store, has_reasons=True)["reasons"]
    assert (now_ones["moment"], now_ones["alarm_s"]) == ("now", None)
    raised = AlarmRow(ward.now() - timedelta(seconds=25), None, 0.9)
    bed_log(store, BED).write(levels=[], alarms=[raised], faults=[])
    found = scene(store, has_reasons=True)["reasons"]
    assert found["moment"] == "alarm"
    weights = {one["name"]: one["weight"] for one in found["derivations"]}
    assert max(weights, key=lambda name: weights[name]) == "F3-C3"
    assert weights["F3-C3"] > 10 * sorted(weights.values())[-2]
    loudest = max(found["parts"], key=lambda part: part["weight"])
    assert start_s + 30 - 0.1 <= loudest["start_s"] <= start_s + 31 + 0.1
    assert scene(store, has_reasons=True, moment="now")["reasons"]["moment"] == "now"


def recent_of(data_uv: np.ndarray) -> RecentEeg:
    steps = np.rint(data_uv / SCALE_UV).astype(np.int16)
    return RecentEeg(steps, np.zeros(steps.shape, dtype=np.uint8), 1.7e9, float(SFREQ), 1.7e9)


def test_narrower_filters_are_run_over_what_was_kept_and_wider_ones_cannot_be_had() -> None:
    time_s = np.arange(60 * SFREQ) / SFREQ
    slow, fast = 100 * np.sin(2 * np.pi * 0.7 * time_s), 100 * np.sin(2 * np.pi * 30 * time_s)
    recent = recent_of(np.vstack([slow, fast] * 9))
    plain = recent_page(recent, LiveAsk(display=Display(high_pass_hz=0.1, low_pass_hz=70.0)), SignalConfig())
    np.testing.assert_array_equal(plain.data, recent.data[:, -10 * SFREQ :])
    assert (plain.display.high_pass_hz, plain.display.low_pass_hz) == (0.5, 40.0)
    narrow = recent_page(recent, LiveAsk(display=Display(high_pass_hz=5.0, low_pass_hz=15.0)), SignalConfig())
    before, after = np.abs(plain.data[:2]).max(axis=1), np.abs(narrow.data[:2]).max(axis=1)
    assert (after < before / 20).all()
    assert (narrow.display.high_pass_hz, narrow.display.low_pass_hz) == (5.0, 15.0)


def test_what_was_not_written_of_the_ten_minutes_is_a_gap() -> None:
    page = ten_minutes(recent_of(np.ones((18, 60 * SFREQ))))
    assert page.data.shape == (18, 600 * SFREQ)
    assert (page.quality[:, : 540 * SFREQ] == Quality.GAP.value).all()
    assert not page.quality[:, 540 * SFREQ :].any()


def test_reasons_of_kept_eeg_are_those_of_the_same_page(store: Store, model: Path) -> None:
    keep(store, n_seconds=14)
    recent = read_ring(ring_path(recent_folder(store.place), BED), BED)
    page = recent_page(recent, LiveAsk(page_s=14), SignalConfig())
    shown = scene(store, has_reasons=True)["reasons"]
    expected = reasons_on(page, open_model(model))
    assert {name: shown[name] for name in expected} == expected
