"""Live equals offline, whatever the chunks; and what cannot be judged is a fault, never calm."""

import gc
import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegwarn.bedside import Bundle, score_recording
from eegwarn.bedside.live import LISTENING, Hops, LiveScorer
from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import ModelError, MontageError
from eegwarn.signal.recording import Recording
from eegwarn.warning import Alarm, Fault, Trend

from .conftest import SFREQ, loud_stretch, make_recording

TREND = Trend((15.0, 60.0), (0.8, 0.5, -0.2))


def eventful(sfreq: float, *, mains_uv: float = 0.0) -> Recording:
    """81.4 s with a seizure, a gap of all channels, dropped samples, flat and detached channels."""
    time_s = np.arange(round(81.4 * sfreq)) / sfreq
    rng = np.random.default_rng(5)
    data_uv = 15 * rng.standard_normal((18, time_s.size)) + mains_uv * np.sin(2 * np.pi * 50 * time_s)
    data_uv[:, (time_s >= 25) & (time_s < 45)] += 90 * np.sin(2 * np.pi * 5 * time_s[(time_s >= 25) & (time_s < 45)])
    data_uv[:, (time_s >= 50) & (time_s < 57.3)] = np.nan
    data_uv[3, (time_s >= 10) & (time_s < 10.1)] = np.nan
    data_uv[:12, (time_s >= 66) & (time_s < 71)] = 3.0
    return make_recording(data_uv, sfreq=sfreq)


def scorer_of(bundle: Bundle, recording: Recording, mains_hz: int | None = None) -> LiveScorer:
    return LiveScorer(bundle.config, Runtime(bundle), recording.channels, recording.sfreq, mains_hz=mains_hz)


def live(scorer: LiveScorer, recording: Recording, cuts: list[int]) -> list[Hops]:
    edges = [0, *sorted(cuts), recording.n_times]
    pushed = [scorer.push(recording.read_uv(a, b)) for a, b in itertools.pairwise(edges)]
    return [*pushed, scorer.finish()]


def lasting(parts: tuple[tuple[Alarm | Fault, ...], ...]) -> list[Alarm | Fault]:
    """The latest word on each alarm or fault, which is known by its start."""
    return list({each[0]: each for part in parts for each in part}.values())


def test_live_equals_offline_at_any_rate_and_chunking(bundle: Bundle) -> None:
    bundle = replace(bundle, config=replace(bundle.config, trend=TREND))
    recordings = [eventful(sfreq, mains_uv=20) for sfreq in (100.0, 173.61, 256.0, 500.0)]
    offline = [score_recording(bundle, recording) for recording in recordings]
    assert all(scored.alarms and len(scored.faults) >= 2 for scored in offline)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(which=st.integers(0, 3), cuts=st.lists(st.integers(0, 9999), max_size=90), told=st.booleans())
    def check(which: int, cuts: list[int], told: bool) -> None:
        recording, scored = recordings[which], offline[which]
        scorer = scorer_of(bundle, recording, mains_hz=50 if told else None)
        hops = live(scorer, recording, [cut * recording.n_times // 10_000 for cut in cuts])
        np.testing.assert_array_equal(np.concatenate([each.time_s for each in hops]), scored.time_s)
        np.testing.assert_array_equal(np.concatenate([each.probability for each in hops]), scored.probability)
        assert lasting(tuple(each.alarms for each in hops)) == list(scored.alarms)
        assert lasting(tuple(each.faults for each in hops)) == list(scored.faults)

    check()


def test_a_stream_that_ends_within_the_first_minute_equals_its_file(bundle: Bundle) -> None:
    recording = make_recording(loud_stretch(duration_s=41.5, start_s=20, stop_s=30))
    hops = live(scorer_of(bundle, recording), recording, [3000, 3001, 9000])
    assert all(each.reason == LISTENING for each in hops[:-1])
    np.testing.assert_array_equal(hops[-1].probability, score_recording(bundle, recording).probability)


def test_what_cannot_be_judged_says_why(bundle: Bundle) -> None:
    recording = make_recording(loud_stretch(duration_s=30, start_s=0, stop_s=0))
    faults = {"no samples": np.nan, "flat": 1.0}
    for reason, value in faults.items():
        scorer = scorer_of(bundle, recording, mains_hz=0)
        assert scorer.push(recording.read_uv(0, 1000)).reason == "no window is complete yet"
        assert scorer.push(recording.read_uv(1000, 1280)).reason == "filters settle"
        assert not scorer.push(recording.read_uv(1280, 5120)).reason
        hops = scorer.push(np.full((18, 5 * 256), value, dtype=np.float32))
        assert np.isnan(hops.smoothed[-1])
        assert hops.reason == reason


def test_a_network_that_fails_is_a_fault_and_the_next_hop_is_judged(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = make_recording(loud_stretch(duration_s=30, start_s=0, stop_s=0))
    scorer = scorer_of(bundle, recording, mains_hz=0)
    scorer.push(recording.read_uv(0, 5120))

    def fail(*_: object) -> None:
        raise ModelError("The network failed on 1 windows: out of memory.")

    with monkeypatch.context() as broken:
        broken.setattr(Runtime, "_run", fail)
        hops = scorer.push(recording.read_uv(5120, 5376))
        assert np.isnan(hops.probability).all()
        assert "out of memory" in hops.reason
    assert np.isfinite(scorer.push(recording.read_uv(5376, 5632)).probability).all()


def test_a_scale_that_cannot_be_eeg_is_never_calm(bundle: Bundle) -> None:
    data_uv = loud_stretch(duration_s=20, start_s=0, stop_s=0)
    for factor in (1e-6, 1e-3, 1e3):
        recording = make_recording(data_uv * factor)
        hops = live(scorer_of(bundle, recording, mains_hz=0), recording, [])
        assert np.isnan(np.concatenate([each.smoothed for each in hops])).all()


def test_a_chain_of_another_rate_goes_on_with_alarm_and_every_hop(bundle: Bundle) -> None:
    slow, fast = eventful(256.0), eventful(512.0)
    first = scorer_of(bundle, slow, mains_hz=0)
    before = first.push(slow.read_uv(0, 35 * 256))
    (alarm,) = before.alarms
    assert alarm.cleared_s is None
    second = LiveScorer(bundle.config, Runtime(bundle), fast.channels, 512.0, start_s=36.5, memory=first.memory)
    after = second.push(fast.read_uv(round(36.5 * 512), 49 * 512))
    times_s = np.concatenate([before.time_s, after.time_s])
    assert np.diff(times_s).max() <= 1.5
    assert np.isnan(after.probability[:3]).all()
    assert after.alarms[0].raised_s == alarm.raised_s
    assert len(after.alarms) == 1


def test_channels_that_form_no_derivation_are_refused_at_once(bundle: Bundle) -> None:
    recording = make_recording(np.zeros((2, 256)), labels=("FP1-F7", "F7-T7"))
    with pytest.raises(MontageError):
        scorer_of(bundle, recording)


def test_memory_does_not_grow_with_time(bundle: Bundle) -> None:
    second_uv = loud_stretch(duration_s=1, start_s=0, stop_s=0).astype(np.float32)
    scorer = LiveScorer(bundle.config, Runtime(bundle), make_recording(second_uv).channels, SFREQ, mains_hz=0)

    kept_bytes = []
    tracemalloc.start()
    for n_seconds in (60, 240):
        for _ in range(n_seconds):
            scorer.push(second_uv)
        gc.collect()
        kept_bytes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert kept_bytes[1] - kept_bytes[0] < 0.05 * 240 * second_uv.nbytes
