"""The trend is learned from the training recordings, and kept only where it helps patients it was not learned from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from eegwarn.warning import Trend, fit_trend, follow
from training.loop import Place
from training.network import judge_recording, new_network
from training.trend import keep_if_better, learn_trend
from training.windows import LabelledRecording

from .conftest import TINY

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]
TREND = Trend((60.0,), (0.0, 1.0))


def test_the_trend_is_fitted_on_windows_side_by_side_that_count(parts: Parts, tmp_path: Path) -> None:
    training, _ = parts
    usable = training[0].windows.usable.copy()
    usable[40:90] = False
    training = (replace(training[0], windows=replace(training[0].windows, usable=usable)), training[1])
    network, told = new_network(TINY), []
    place = Place(tmp_path / "checkpoint", "a run", torch.device("cpu"), lambda *x: told.append(x))
    targets = [each.target for each in training]
    trend = learn_trend(network, training, targets, place, time_constants_s=(60.0, 600.0), hop_s=1.0)
    logits = [judge_recording(network, each.windows, place.device)[::4] for each in training]
    wanted = [np.where(each.counted, each.positive, np.nan)[::4] for each in training]
    expected = fit_trend(logits, wanted, 4.0, (60.0, 600.0))
    np.testing.assert_allclose(trend.weights, expected.weights, rtol=1e-3)
    assert any(trend.weights)
    assert told[-1] == ("fit the trend", 2, 2)


def test_a_trend_that_helps_is_kept_and_followed(parts: Parts) -> None:
    rng = np.random.default_rng(0)
    logits = [each.positive + 3 * rng.standard_normal(len(each.windows)) for each in parts[1]]
    trend, followed = keep_if_better(TREND, parts[1], logits, hop_s=1.0)
    assert trend == TREND
    np.testing.assert_array_equal(followed[0], follow(logits[0], 1.0, TREND)[0])


def test_a_trend_that_harms_is_not_kept(parts: Parts) -> None:
    logits = [np.where(each.windows.usable, each.positive, np.nan) for each in parts[1]]
    trend, followed = keep_if_better(TREND, parts[1], logits, hop_s=1.0)
    assert trend == Trend()
    np.testing.assert_array_equal(followed[0], logits[0])
