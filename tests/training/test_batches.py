"""Batches hold the share of seizures that was asked for, and variation leaves what is missing missing."""

from dataclasses import replace

import numpy as np
import pytest

from eegwarn.errors import CohortError
from training.batches import augment, draw_batch, draw_rows, gather_windows, pool_windows
from training.config import AugmentConfig
from training.windows import LabelledRecording

from .conftest import TINY

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]
STILL = AugmentConfig(amplitude_log_sd=0, shift_s=0, dropped_channels=0, noise_uv=0)


def test_a_batch_has_its_share_of_seizures_and_equal_draws_are_equal(parts: Parts) -> None:
    training, _ = parts
    pool = pool_windows(training, [each.target for each in training], "training")
    config = replace(TINY, batch_size=20, positive_share=0.3)
    eeg_uv, label = draw_batch(training, pool, config, np.random.default_rng(5))
    assert eeg_uv.shape == (20, 18, 512)
    assert label.sum() == 6
    again, _ = draw_batch(training, pool, config, np.random.default_rng(5))
    np.testing.assert_array_equal(eeg_uv, again)


def test_soft_targets_come_with_their_windows_and_unknown_ones_are_never_drawn(parts: Parts) -> None:
    training, _ = parts
    rng = np.random.default_rng(6)
    soft = [rng.random(len(each.windows)).astype(np.float32) for each in training]
    for each in soft:
        each[::3] = np.nan
    rows, target = draw_rows(pool_windows(training, soft, "training"), 400, 0.25, rng)
    assert (rows[:, 1] % 3 != 0).all()
    np.testing.assert_array_equal(target, [soft[number][window] for number, window in rows])
    assert (target >= 0.5).sum() == 100


def test_a_known_label_goes_before_the_mark(parts: Parts) -> None:
    recording = parts[0][0]
    index = np.flatnonzero(recording.positive)[:2]
    clean = np.full(len(recording.windows), np.nan, dtype=np.float32)
    clean[index] = [0, 1]
    np.testing.assert_array_equal(replace(recording, clean=clean).target[index], [0, 1])


def test_windows_are_gathered_in_the_order_asked_for(parts: Parts) -> None:
    training, _ = parts
    rows = np.array([[1, 40], [0, 70], [1, 12], [0, 40]], dtype=np.int32)
    gathered = gather_windows(training, rows)
    for window, (number, index) in zip(gathered, rows, strict=True):
        windows = training[number].windows
        expected = np.where(windows.bad[index][:, None], 0, windows.data[index].astype(np.float32))
        np.testing.assert_array_equal(window, expected)


def test_windows_that_do_not_count_are_never_drawn(parts: Parts) -> None:
    training, _ = parts
    pool = pool_windows(training, [each.target for each in training], "training")
    for rows, positive in ((pool.positive, True), (pool.negative, False)):
        for number, index in rows[:: max(1, len(rows) // 50)]:
            assert training[number].counted[index]
            assert training[number].positive[index] == positive


def test_a_part_without_seizures_is_refused_by_name(parts: Parts) -> None:
    calm = [replace(each, positive=np.zeros_like(each.positive)) for each in parts[0]]
    with pytest.raises(CohortError, match=r"validation part .* no usable seizure window"):
        pool_windows(calm, [each.target for each in calm], "validation")


def test_no_variation_changes_nothing() -> None:
    eeg_uv = np.random.default_rng(0).standard_normal((3, 18, 64)).astype(np.float32)
    before = eeg_uv.copy()
    augment(eeg_uv, STILL, 128.0, np.random.default_rng(1))
    np.testing.assert_array_equal(eeg_uv, before)


def test_a_missing_derivation_stays_zero_under_noise() -> None:
    eeg_uv = np.ones((4, 18, 64), dtype=np.float32)
    eeg_uv[1, 5] = 0
    augment(eeg_uv, replace(STILL, noise_uv=5.0), 128.0, np.random.default_rng(1))
    assert not eeg_uv[1, 5].any()
    assert eeg_uv[1, 6].std() > 1


def test_each_variation_does_what_it_says() -> None:
    rng = np.random.default_rng(0)
    original = rng.standard_normal((200, 18, 64)).astype(np.float32)
    louder, shifted, dropped = original.copy(), original.copy(), original.copy()
    augment(louder, replace(STILL, amplitude_log_sd=0.3), 128.0, np.random.default_rng(1))
    gain = louder / original
    np.testing.assert_allclose(gain, gain[:, :1, :1] * np.ones_like(gain), rtol=1e-4)
    assert 0.25 < np.log(gain[:, 0, 0]).std() < 0.35
    augment(shifted, replace(STILL, shift_s=0.1), 128.0, np.random.default_rng(1))
    shift = np.array(
        [
            np.argmax([(np.roll(a[0], k) == b[0]).all() for k in range(64)])
            for a, b in zip(original, shifted, strict=True)
        ]
    )
    shift = (shift + 32) % 64 - 32
    assert np.abs(shift).max() == 13
    augment(dropped, replace(STILL, dropped_channels=0.2), 128.0, np.random.default_rng(1))
    assert 0.17 < (~dropped.any(axis=2)).mean() < 0.23
