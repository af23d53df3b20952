import numpy as np

from app.eeg_page import EegPage
from app.montages import side_of
from app.spectrogram import NOT_KNOWN, spectrogram
from eegwarn.bedside.ring import SCALE_UV
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.quality import Quality

SFREQ = 128
IS_LEFT = np.array([side_of(name) == "left" for name in LONGITUDINAL_BIPOLAR])


def minutes(hz: float, begin_s: int, end_s: int) -> EegPage:
    """Five minutes of noise from 1000 s on, with a rhythm on the left from ``begin_s`` to ``end_s`` of it."""
    time_s = np.arange(300 * SFREQ) / SFREQ
    data_uv = np.random.default_rng(0).normal(0, 5, (18, time_s.size))
    data_uv[IS_LEFT] += 80 * np.sin(2 * np.pi * hz * time_s) * ((time_s >= begin_s) & (time_s < end_s))
    steps = np.rint(data_uv / SCALE_UV).astype(np.int16)
    return EegPage(steps, np.zeros(steps.shape, dtype=np.uint8), 1000.0, float(SFREQ))


def test_rhythm_is_bright_at_its_frequency_time_and_side() -> None:
    power = spectrogram(minutes(7.0, 100, 200))
    bin_hz = (power.high_hz - power.low_hz) / power.left.shape[0]
    row = int((7.0 - power.low_hz) / bin_hz)
    column_s = (power.end_s - power.start_s) / power.left.shape[1]
    second = power.start_s + (np.arange(power.left.shape[1]) + 0.5) * column_s
    inside = (second > 1102) & (second < 1198)
    outside = (second < 1098) | (second > 1202)
    assert power.left[:, inside].mean(axis=1).argmax() == row
    assert power.left[row, inside].min() > power.left[row, outside].max()
    assert power.right[row, inside].mean() < power.left[row, inside].mean() / 2


def test_what_cannot_be_trusted_is_not_known_and_one_bad_row_does_not_blank_its_side() -> None:
    page = minutes(7.0, 0, 0)
    page.quality[IS_LEFT, 100 * SFREQ : 130 * SFREQ] = Quality.DETACHED
    page.quality[0, :] = Quality.FLAT
    power = spectrogram(page)
    columns = (power.left == NOT_KNOWN).all(axis=0)
    assert 29 <= columns.sum() * (power.end_s - power.start_s) / columns.size <= 33
    assert not (power.right == NOT_KNOWN).any()


def test_stretch_shorter_than_a_window_has_no_columns() -> None:
    page = minutes(7.0, 0, 0)
    short = EegPage(page.data[:, :100], page.quality[:, :100], 0.0, float(SFREQ))
    assert spectrogram(short).left.shape[1] == 0
