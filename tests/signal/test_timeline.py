"""Samples lie where their stamps say: gaps are NaN of the right length, and no clock stops the stream."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.signal.timeline import GAP_S, STALL_S, Timeline

SFREQ = 250.0
BEGIN_S = 5000.0


def stream(duration_s: float, *, sfreq: float = SFREQ) -> tuple[np.ndarray, np.ndarray]:
    """Stamps, and one channel whose value is the number of the sample."""
    number = np.arange(round(duration_s * sfreq))
    return BEGIN_S + number / sfreq, number[None].astype(np.float32)


def lay(timeline: Timeline, stamp_s: np.ndarray, data: np.ndarray, *, chunk: int = 25, lag_s: float = 0.01) -> list:
    edges = [*range(0, stamp_s.size, chunk), stamp_s.size]
    return [
        timeline.place(stamp_s[a:b], data[:, a:b], float(stamp_s[b - 1]) + lag_s) for a, b in itertools.pairwise(edges)
    ]


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 999), max_size=40))
def test_an_even_stream_is_laid_as_it_is_however_it_is_cut(cuts: list[int]) -> None:
    stamp_s, data = stream(4)
    timeline = Timeline(1, SFREQ)
    edges = sorted({0, *cuts, 1000})
    laid = [timeline.place(stamp_s[a:b], data[:, a:b], stamp_s[b - 1]) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.hstack(laid), data)
    assert (timeline.start_s, timeline.slip_s) == (BEGIN_S, pytest.approx(0, abs=1e-9))


@settings(max_examples=30)
@given(lost=st.tuples(st.integers(10, 900), st.integers(30, 400)), chunk=st.integers(1, 1500))
def test_dropped_samples_become_nan_of_the_same_length(lost: tuple[int, int], chunk: int) -> None:
    stamp_s, data = stream(6)
    kept = np.r_[0 : lost[0], lost[0] + lost[1] : data.shape[1]]
    laid = np.hstack(lay(Timeline(1, SFREQ), stamp_s[kept], data[:, kept], chunk=chunk))
    expected = data.copy()
    expected[:, lost[0] : lost[0] + lost[1]] = np.nan
    np.testing.assert_array_equal(laid, expected)


def test_jitter_is_no_gap() -> None:
    stamp_s, data = stream(60)
    jitter_s = np.repeat(np.random.default_rng(0).uniform(-0.4, 0.4, stamp_s.size // 25), 25) * GAP_S
    timeline = Timeline(1, SFREQ)
    np.testing.assert_array_equal(np.hstack(lay(timeline, stamp_s + jitter_s, data)), data)
    assert abs(timeline.slip_s) < GAP_S / 2


def test_drift_of_the_sender_is_followed_without_touching_a_sample() -> None:
    stamp_s, data = stream(3600, sfreq=64)
    stamp_s = BEGIN_S + (stamp_s - BEGIN_S) * (1 + 300e-6)
    timeline = Timeline(1, 64)
    np.testing.assert_array_equal(np.hstack(lay(timeline, stamp_s, data, chunk=64)), data)
    assert timeline.next_s == pytest.approx(stamp_s[-1] + 1 / 64, abs=0.03)
    assert timeline.slip_s > 1


def test_a_stall_is_filled_as_time_goes_by_and_what_comes_too_late_is_dropped() -> None:
    stamp_s, data = stream(20)
    timeline = Timeline(1, SFREQ)
    laid = lay(timeline, stamp_s[:1250], data[:, :1250])
    assert not timeline.is_stalled(BEGIN_S + 5 + STALL_S - 0.1)
    assert timeline.fill(BEGIN_S + 5 + STALL_S - 0.1).size == 0
    for now_s in BEGIN_S + np.arange(5.5, 15, 0.5):
        laid.append(timeline.fill(now_s))
        assert timeline.is_stalled(now_s) == (now_s > BEGIN_S + 5 + STALL_S)
    # The network gives back what it held: of 5 to 15 s, all before 14.5 - STALL_S is past.
    laid.append(timeline.place(stamp_s[1250:3750], data[:, 1250:3750], BEGIN_S + 15))
    assert not timeline.is_stalled(BEGIN_S + 15)
    laid += lay(timeline, stamp_s[3750:], data[:, 3750:])
    whole = np.hstack(laid)
    expected = data.copy()
    expected[:, 1250 : round((14.5 - STALL_S) * SFREQ)] = np.nan
    np.testing.assert_array_equal(whole, expected)


@settings(max_examples=60)
@given(
    jump_s=st.one_of(st.floats(2.5, 1e9), st.floats(-1e9, -2.5)), at=st.integers(50, 900), chunk=st.integers(10, 300)
)
def test_a_clock_that_jumps_is_a_gap_and_samples_go_on(jump_s: float, at: int, chunk: int) -> None:
    stamp_s, data = stream(8)
    arrival_s = stamp_s.copy()
    stamp_s[at:] += jump_s
    timeline = Timeline(1, SFREQ)
    edges = [*range(0, stamp_s.size, chunk), stamp_s.size]
    laid = np.hstack(
        [timeline.place(stamp_s[a:b], data[:, a:b], arrival_s[b - 1] + 0.01) for a, b in itertools.pairwise(edges)]
    )
    assert timeline.n_jumps >= 1
    assert np.isnan(laid).any()
    assert np.isnan(laid).sum() < 2 * chunk + 10
    kept = laid[np.isfinite(laid)]
    assert (np.diff(kept) > 0).all()
    assert kept.size > data.size - 2 * chunk - 10
    assert timeline.next_s == pytest.approx(arrival_s[-1], abs=0.2)


@settings(max_examples=40)
@given(back_s=st.floats(0.2, 1.9), at=st.integers(50, 900), chunk=st.integers(10, 300))
def test_where_samples_were_dropped_for_a_clock_set_back_a_little_there_is_a_gap(
    back_s: float, at: int, chunk: int
) -> None:
    stamp_s, data = stream(8)
    arrival_s = stamp_s.copy()
    stamp_s[at:] -= back_s
    timeline = Timeline(1, SFREQ)
    edges = [*range(0, stamp_s.size, chunk), stamp_s.size]
    laid = np.hstack(
        [timeline.place(stamp_s[a:b], data[:, a:b], arrival_s[b - 1] + 0.01) for a, b in itertools.pairwise(edges)]
    )
    assert timeline.n_jumps == 0
    (seams,) = np.nonzero(np.diff(laid[0]) > 1)
    assert seams.size == 0
    assert 1 <= np.isnan(laid).sum() <= 2
    assert laid.shape[1] == pytest.approx(data.size - back_s * SFREQ, abs=GAP_S * SFREQ + 2)


@pytest.mark.parametrize("stamp", [1.7e9, -3.0, 0.0])
def test_a_sender_with_another_clock_is_timed_by_arrival(stamp: float) -> None:
    stamp_s, data = stream(5)
    timeline = Timeline(1, SFREQ)
    laid = [
        timeline.place(stamp_s[a : a + 50] - BEGIN_S + stamp, data[:, a : a + 50], stamp_s[a + 49])
        for a in range(0, data.size, 50)
    ]
    np.testing.assert_array_equal(np.hstack(laid), data)
    assert timeline.start_s == pytest.approx(BEGIN_S)


def test_a_sender_that_lags_for_good_is_heard_again() -> None:
    stamp_s, data = stream(60)
    timeline = Timeline(1, SFREQ)
    lay(timeline, stamp_s[:2500], data[:, :2500])
    n_heard = 0
    for a in range(2500, data.size - 250, 250):
        now_s = float(stamp_s[a + 249]) + 8
        n_heard += int(np.isfinite(timeline.place(stamp_s[a : a + 250], data[:, a : a + 250], now_s)).sum())
        timeline.fill(now_s)
    assert n_heard > 0.7 * (data.size - 2500)


def test_stamps_that_are_no_numbers_are_replaced() -> None:
    _, data = stream(1)
    timeline = Timeline(1, SFREQ)
    for second in range(3):
        laid = timeline.place(np.full(250, math.nan), data, BEGIN_S + second)
        assert np.isfinite(laid).all()
