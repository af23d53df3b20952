"""From a recording to alarms, with the times right."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from eegwarn.bedside import Bundle, score_recording
from eegwarn.bedside import scoring as scoring_module
from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import RecordingError
from eegwarn.signal.windows import stream_windows
from eegwarn.warning import Trend, follow, probability

from .conftest import SFREQ, loud_stretch, make_recording


def test_an_alarm_is_raised_in_the_loud_stretch(bundle: Bundle) -> None:
    scored = score_recording(bundle, make_recording(loud_stretch(duration_s=180, start_s=100, stop_s=130)))
    (alarm,) = scored.alarms
    assert 101 <= alarm.raised_s <= 110
    assert alarm.cleared_s is not None
    assert 130 <= alarm.cleared_s <= 145
    (event,) = scored.events
    assert (event.onset_s, event.offset_s) == (alarm.raised_s, alarm.cleared_s)
    assert scored.duration_s == 180
    np.testing.assert_allclose(scored.time_s - scored.start_s, 4.0)
    np.testing.assert_allclose(np.diff(scored.start_s), 1.0)


def test_an_alarm_that_lasts_ends_with_the_recording(bundle: Bundle) -> None:
    scored = score_recording(bundle, make_recording(loud_stretch(duration_s=60, start_s=40, stop_s=60)))
    assert scored.alarms[-1].cleared_s is None
    assert scored.events[-1].offset_s == 60


def test_what_cannot_be_judged_is_a_fault_and_never_an_alarm(bundle: Bundle) -> None:
    data_uv = loud_stretch(duration_s=120, start_s=0, stop_s=0)
    data_uv[:, round(50 * SFREQ) : round(80 * SFREQ)] = np.nan
    scored = score_recording(bundle, make_recording(data_uv))
    assert not scored.alarms
    gap = (scored.start_s >= 50) & (scored.time_s <= 80)
    assert np.isnan(scored.probability[gap]).all()
    assert any(fault.start_s <= 56 and (fault.end_s or 120) >= 80 for fault in scored.faults)


TREND = Trend((15.0, 60.0), (0.5, 0.8, -0.4))


@pytest.mark.parametrize("block_s", [1.0, 7.3, 1000.0])
@pytest.mark.parametrize("trend", [Trend(), TREND])
def test_the_score_does_not_depend_on_how_the_recording_is_read(
    bundle: Bundle, trend: Trend, block_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = replace(bundle, config=replace(bundle.config, trend=trend))
    data_uv = loud_stretch(duration_s=90, start_s=30, stop_s=50)
    data_uv[:, round(20 * SFREQ) : round(22 * SFREQ)] = np.nan
    recording = make_recording(data_uv)
    expected = score_recording(bundle, recording)

    def in_blocks(*args: object, **options: object) -> object:
        return stream_windows(*args, block_s=block_s, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring_module, "stream_windows", in_blocks)
    scored = score_recording(bundle, recording)
    np.testing.assert_array_equal(scored.probability, expected.probability)
    assert scored.alarms == expected.alarms


def test_the_future_does_not_change_the_past(bundle: Bundle) -> None:
    data_uv = loud_stretch(duration_s=120, start_s=60, stop_s=90)
    changed = data_uv.copy()
    changed[:, round(80 * SFREQ) :] *= 3
    first, second = (score_recording(bundle, make_recording(data)) for data in (data_uv, changed))
    past = first.time_s <= 79
    np.testing.assert_array_equal(first.probability[past], second.probability[past])
    assert first.alarms[0].raised_s == second.alarms[0].raised_s < 79


def test_the_probability_is_the_calibrated_logit(bundle: Bundle) -> None:
    recording = make_recording(loud_stretch(duration_s=30, start_s=10, stop_s=20))
    sharp, soft = (
        replace(bundle, config=replace(bundle.config, calibration=replace(bundle.config.calibration, temperature=t)))
        for t in (1.0, 4.0)
    )
    logit = np.log(1 / (1 / score_recording(sharp, recording).probability - 1))
    expected = probability(soft.config.calibration, logit)
    np.testing.assert_allclose(score_recording(soft, recording).probability, expected, atol=1e-6, equal_nan=True)


def test_the_trend_is_followed_before_the_logit_is_calibrated(bundle: Bundle) -> None:
    data_uv = loud_stretch(duration_s=90, start_s=30, stop_s=50)
    data_uv[:, round(60 * SFREQ) : round(66 * SFREQ)] = np.nan
    recording = make_recording(data_uv)
    runtime, config = Runtime(bundle), replace(bundle.config, trend=TREND)
    alone = np.concatenate([runtime.logit(each) for each in stream_windows(recording, config.signal, config.windows)])
    assert np.isnan(alone).any()
    expected = probability(config.calibration, follow(alone, config.windows.hop_s, TREND)[0])
    scored = score_recording(replace(bundle, config=config), recording)
    np.testing.assert_array_equal(scored.probability, expected)
    assert not np.array_equal(scored.probability, score_recording(bundle, recording).probability, equal_nan=True)


def test_progress_ends_at_the_last_window(bundle: Bundle) -> None:
    told: list[tuple[str, int, int]] = []
    score_recording(
        bundle, make_recording(loud_stretch(duration_s=150, start_s=0, stop_s=0)), lambda *x: told.append(x)
    )
    assert told[-1][1:] == (147, 147)
    assert all(done <= total for _, done, total in told)


def test_a_recording_shorter_than_a_window_is_refused(bundle: Bundle) -> None:
    with pytest.raises(RecordingError, match=r"less than one window"):
        score_recording(bundle, make_recording(loud_stretch(duration_s=3, start_s=0, stop_s=0)))


def test_memory_does_not_grow_with_the_recording(bundle: Bundle) -> None:
    minute_uv = loud_stretch(duration_s=60, start_s=0, stop_s=0).astype(np.float32)
    peaks = []
    # Both longer than what is read ahead, whose depth at the peak differs with the threads' luck by a block or two.
    for minutes in (12, 48):
        recording = make_recording(minute_uv)
        n_minute = recording.n_times

        def read_uv(start: int, stop: int, n_minute: int = n_minute) -> np.ndarray:
            return minute_uv[:, np.arange(start, stop) % n_minute]

        long = replace(recording, n_times=minutes * n_minute, read_uv=read_uv)
        tracemalloc.start()
        score_recording(bundle, long)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    longer_by_bytes = 36 * minute_uv.nbytes
    assert peaks[1] - peaks[0] < 0.15 * longer_by_bytes


def test_scoring_imports_neither_torch_nor_safetensors_nor_streamlit() -> None:
    code = (
        "import sys, eegwarn.bedside\n"
        "heavy = {'torch', 'safetensors', 'streamlit', 'sklearn', 'timescoring'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
