from base64 import b64decode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.eeg_page import EegPage
from app.montages import side_of
from app.scene import NOT_JUDGED, Level, level_columns, page_scene, recording_scene
from eegwarn.events.event import SeizureEvent
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.warning.alarm import Alarm, Fault
from tests.app.examples import scored_with

values = st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), min_size=1, max_size=300)


@given(values, st.integers(1, 50))
def test_no_peak_is_lost_and_no_level_invented(smoothed: list[float], n_columns: int) -> None:
    level = Level(np.arange(len(smoothed)) + 0.5, np.array(smoothed), 0.5)
    columns = level_columns(level, float(len(smoothed)), n_columns)
    judged = [round(value * 254) for value in smoothed if not np.isnan(value)]
    drawn = [int(step) for step in columns if step != NOT_JUDGED]
    assert set(drawn) <= set(judged)
    if n_columns <= len(smoothed):
        assert max(drawn, default=None) == max(judged, default=None)


@given(st.integers(1, 40), st.integers(1, 60))
def test_what_was_not_judged_is_never_drawn_as_a_level(n_faulty: int, n_columns: int) -> None:
    smoothed = np.r_[np.full(n_faulty, np.nan), np.full(20, 0.2)]
    level = Level(np.arange(smoothed.size) + 4.0, smoothed, 0.5)
    columns = level_columns(level, smoothed.size + 4.0, n_columns)
    border_s = np.linspace(0, smoothed.size + 4.0, n_columns + 1)[1:]
    assert (columns[border_s < n_faulty + 4] == NOT_JUDGED).all()


def test_short_recording_holds_each_level_until_the_next() -> None:
    level = Level(np.array([4.0, 5.0]), np.array([0.0, 1.0]), 0.5)
    columns = level_columns(level, 6.0, 12)
    assert columns.tolist() == [255] * 7 + [0, 0, 254, 254, 254]


def test_nothing_was_judged_where_there_is_no_window() -> None:
    assert (level_columns(Level(np.empty(0), np.empty(0), 0.5), 3.0, 5) == NOT_JUDGED).all()


def test_samples_are_sent_bit_for_bit_with_their_place() -> None:
    data = np.random.default_rng(0).integers(-32767, 32767, (18, 128)).astype(np.int16)
    level = Level(np.arange(4.0, 40.0), np.r_[np.full(10, np.nan), np.full(26, 0.25)], 0.5)
    scene = page_scene(EegPage(data, np.zeros_like(data, dtype=np.uint8), 13.0, 128.0), level)
    assert np.array_equal(np.frombuffer(b64decode(scene["samples"]), "<i2").reshape(18, -1), data)
    assert (scene["start_s"], scene["n_times"]) == (13.0, 128)
    assert scene["level_time_s"] == [12.0, 13.0, 14.0]
    assert scene["level"] == [None, None, 0.25]


def test_alarm_and_fault_that_last_end_with_the_recording() -> None:
    scored = scored_with(alarms=(Alarm(50.0, None, 0.9),), faults=(Fault(80.0, None),))
    seizure = SeizureEvent(48.0)
    scene = recording_scene(key="k", duration_s=100.0, seizures=(seizure,), scored=scored, level=None)
    assert scene["alarms"] == [{"start_s": 50.0, "end_s": 100.0, "peak": 0.9}]
    assert scene["faults"] == [{"start_s": 80.0, "end_s": 100.0}]
    assert scene["seizures"] == [{"start_s": 48.0, "end_s": None}]
    assert scene["levels"] is None


@pytest.mark.parametrize(("derivation", "side"), [("FP1-F7", "left"), ("P4-O2", "right"), ("FZ-CZ", "midline")])
def test_odd_electrodes_are_left(derivation: str, side: str) -> None:
    assert side_of(derivation) == side


def test_chains_have_eight_derivations_on_each_side() -> None:
    sides = [side_of(name) for name in LONGITUDINAL_BIPOLAR]
    assert (sides.count("left"), sides.count("midline"), sides.count("right")) == (8, 2, 8)
