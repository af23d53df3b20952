import numpy as np
import pytest

from eegwarn.errors import ConfigError
from eegwarn.signal.chain import Processed
from eegwarn.signal.windows import WindowConfig, WindowCutter, cut_windows
from eegwarn.warning import INDICATORS, Indicator, RollingVariance, fit_calibration, line_length, log_variance

SFREQ = 128.0
CONFIG = WindowConfig()


def _noise(duration_s, *, sd_uv=20.0, seed=0):
    rng = np.random.default_rng(seed)
    return (sd_uv * rng.standard_normal((18, round(duration_s * SFREQ)))).astype(np.float32)


def _windows(data, quality=None):
    quality = np.zeros(data.shape, dtype=np.uint8) if quality is None else quality
    return cut_windows(data, quality, sfreq=SFREQ, config=CONFIG)


def _rising(duration_s=300):
    return _noise(duration_s) * np.linspace(1, 4, round(duration_s * SFREQ), dtype=np.float32)


@pytest.mark.parametrize(("indicator", "doubled"), [(line_length, np.log(2)), (log_variance, np.log(4))])
def test_twice_the_amplitude_adds_what_the_logarithm_says(indicator, doubled):
    data = _noise(20)
    assert indicator(_windows(2 * data)) - indicator(_windows(data)) == pytest.approx(doubled, abs=1e-4)


def test_values_of_a_sine_by_hand():
    time_s = np.arange(round(20 * SFREQ)) / SFREQ
    data = np.tile(50 * np.sin(2 * np.pi * 2 * time_s), (18, 1)).astype(np.float32)
    assert np.exp(log_variance(_windows(data))) == pytest.approx(50**2 / 2, rel=0.01)
    # four strokes of 50 µV in each of two periods a second
    assert np.exp(line_length(_windows(data))) == pytest.approx(4 * 50 * 2, rel=0.01)


@pytest.mark.parametrize("indicator", [line_length, log_variance])
def test_a_bad_derivation_changes_nothing_and_a_window_that_is_not_usable_has_no_score(indicator):
    data, quality = _noise(30), np.zeros((18, 30 * 128), dtype=np.uint8)
    quality[3] = 1
    wild = data.copy()
    wild[3] *= 1000
    assert np.array_equal(indicator(_windows(wild, quality)), indicator(_windows(data, quality)))
    quality[:, :1280] = 1
    windows = _windows(data, quality)
    assert np.array_equal(np.isnan(indicator(windows)), ~windows.usable)
    assert not windows.usable.all()


@pytest.mark.parametrize("indicator", [line_length, log_variance])
def test_signals_kept_at_half_precision_have_the_same_scores(indicator):
    data = _noise(20, sd_uv=400.0)
    kept = indicator(_windows(data.astype(np.float16)))
    np.testing.assert_allclose(kept, indicator(_windows(data)), atol=1e-3)


def test_a_flat_recording_has_a_finite_score():
    flat = _windows(np.zeros((18, 1280), dtype=np.float32))
    assert np.isfinite(line_length(flat)).all()
    assert np.isfinite(RollingVariance()(flat)).all()


def test_the_rolling_variance_is_the_mean_over_the_last_minute():
    windows = _windows(_rising())
    each, rolling = log_variance(windows), RollingVariance(60.0)(windows)
    assert rolling[0] == each[0]
    assert rolling[30] == pytest.approx(each[:31].mean())
    assert rolling[200] == pytest.approx(each[141:201].mean())


@pytest.mark.parametrize("block_s", [1.0, 7.3, 90.0])
def test_any_blocks_give_the_same_rolling_variance(block_s):
    data, quality = _rising(), np.zeros((18, 300 * 128), dtype=np.uint8)
    quality[:, 100 * 128 : 140 * 128] = 1
    whole = RollingVariance()(_windows(data, quality))
    cutter, rolling, parts = WindowCutter(SFREQ, CONFIG), RollingVariance(), []
    for start in range(0, data.shape[1], round(block_s * SFREQ)):
        block = slice(start, start + round(block_s * SFREQ))
        parts.append(rolling(cutter.push(Processed(data[:, block], quality[:, block]))))
    assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)


def test_it_looks_back_only():
    data = _rising()
    changed = data.copy()
    changed[:, 200 * 128 :] *= 5
    before = _windows(data).end_s <= 200
    assert np.array_equal(RollingVariance()(_windows(data))[before], RollingVariance()(_windows(changed))[before])


def test_older_indicators_are_calibrated_as_a_network_is():
    data = np.concatenate([_noise(300), _noise(60, sd_uv=80.0)], axis=1)
    windows = _windows(data)
    indicators: dict[str, Indicator] = {"variance": RollingVariance(), "line-length": line_length}
    assert set(indicators) < set(INDICATORS)
    for indicator in indicators.values():
        score = indicator(windows)
        calibration = fit_calibration(score, windows.start_s >= 300)
        assert calibration.caveat == ""


@pytest.mark.parametrize("span_s", [-1.0, np.inf, 10_000.0])
def test_a_span_out_of_bounds_is_refused(span_s):
    with pytest.raises(ConfigError, match="out of bounds"):
        RollingVariance(span_s)
