"""Every method learns from rough marks, goes on after an interruption, and says what it did to the labels."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from eegwarn.autolabel.bilevel import BilevelConfig
from eegwarn.autolabel.corrector import CorrectorConfig
from eegwarn.errors import CohortError, ConfigError
from training.clean import draw_clean, pool_clean
from training.config import MetaConfig, OptimiserConfig, TrainConfig
from training.learned import Learned
from training.loop import Place, repeatable
from training.methods import learn
from training.network import new_network
from training.windows import LabelledRecording

from .conftest import TINY, louder_in_seizures

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]
META = MetaConfig(
    warm_up_steps=4,
    tune_steps=2,
    first_meta_step=2,
    clean_batch=4,
    corrector=CorrectorConfig(embedding=4, hidden=8),
    bilevel=BilevelConfig(derivative="auto"),
)
METHODS = ("context", "changepoint", "meta")


@pytest.fixture(scope="module")
def with_clips(parts: Parts) -> Parts:
    """Let the clinician know every window from 40 s before each mark to 20 s after it: 5 s late are all marks."""
    training, validation = parts
    return tuple(known_near_marks(each) for each in training), validation


def known_near_marks(recording: LabelledRecording) -> LabelledRecording:
    centre_s = recording.windows.centre_s
    clean = np.full(len(centre_s), np.nan, dtype=np.float32)
    for mark in recording.source.events:
        near = (centre_s >= mark.onset_s - 40) & (centre_s < mark.onset_s + 20)
        clean[near] = centre_s[near] >= mark.onset_s - 5
    clean[~recording.windows.usable] = np.nan
    return replace(recording, clean=clean, counted=recording.counted | np.isfinite(clean))


def run(
    parts: Parts, method: str, folder: Path, *, name: str = "c", stop_at: tuple[str, int] | None = None, **settings
) -> Learned:
    config = replace(TINY, method=method, meta=META, **settings)

    def progress(stage: str, done: int, total: int) -> None:
        if stop_at == (stage, done):
            raise KeyboardInterrupt

    with repeatable(1):
        return learn(*parts, config, Place(folder / name, "run", torch.device("cpu"), progress))


@pytest.mark.parametrize(
    ("method", "stage"),
    [
        ("context", "train on the marks"),
        ("context", "train on corrected labels"),
        ("meta", "warm up"),
        ("meta", "bi-level loop"),
    ],
)
def test_an_interrupted_method_ends_with_the_weights_of_an_unbroken_one(
    with_clips: Parts, tmp_path: Path, method: str, stage: str
) -> None:
    unbroken = run(with_clips, method, tmp_path, name="a")
    with pytest.raises(KeyboardInterrupt):
        run(with_clips, method, tmp_path, name="b", stop_at=(stage, 3 if stage == "warm up" else 7))
    resumed = run(with_clips, method, tmp_path, name="b")
    assert resumed.state.history == unbroken.state.history
    assert resumed.about == unbroken.about
    for name, weight in unbroken.network.state_dict().items():
        assert torch.equal(weight, resumed.network.state_dict()[name]), name


@pytest.mark.parametrize("method", METHODS)
def test_corrected_labels_are_probabilities_and_keep_what_is_known(
    with_clips: Parts, tmp_path: Path, method: str
) -> None:
    learned = run(with_clips, method, tmp_path)
    assert len(learned.labels) == len(with_clips[0])
    for each, labels in zip(with_clips[0], learned.labels, strict=True):
        known = np.isfinite(each.clean)
        np.testing.assert_array_equal(labels.soft[known], each.clean[known])
        assert np.isfinite(labels.soft[each.windows.usable]).all()
        assert ((labels.soft[each.windows.usable] >= 0) & (labels.soft[each.windows.usable] <= 1)).all()
        assert [onset.mark_s for onset in labels.onsets] == [mark.onset_s for mark in each.source.events]
    n_marks = sum(len(each.source.events) for each in with_clips[0])
    assert learned.about["n_marks"] == n_marks


def test_the_context_method_without_clips_is_one_clear_line(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="clip"):
        run(parts, "context", tmp_path)


def test_the_change_point_needs_no_clips(parts: Parts, tmp_path: Path) -> None:
    training, validation = (tuple(louder_in_seizures(each) for each in part) for part in parts)
    settings = {"steps": 80, "validate_every": 40, "batch_size": 16, "optimiser": OptimiserConfig(warmup_steps=5)}
    learned = run((training, validation), "changepoint", tmp_path, **settings)
    assert learned.about["n_known_windows"] == 0
    assert learned.labels[0].soft[training[0].positive].mean() > 0.5


def test_a_network_that_sees_nothing_corrects_nothing_and_says_so(parts: Parts, tmp_path: Path) -> None:
    blind = {"steps": 1, "validate_every": 1, "optimiser": OptimiserConfig(learning_rate=1e-9)}
    learned = run(parts, "changepoint", tmp_path, **blind)
    assert not learned.labels
    assert re.search(r"none of \d+ marks is a seizure", *learned.about["caveats"])


def test_without_a_choice_onsets_are_corrected_for_a_detector_alone() -> None:
    assert TrainConfig().settled().method == "changepoint"
    assert TrainConfig(horizon_s=300.0).settled().method == "plain"
    assert TrainConfig(method="meta").settled().method == "meta"


def test_the_meta_indicator_is_the_corrector_without_labels(with_clips: Parts, tmp_path: Path) -> None:
    learned = run(with_clips, "meta", tmp_path, indicator="meta")
    eeg_uv = torch.randn(3, 18, 512) * 30
    logit = learned.network(eeg_uv)
    assert logit.shape == (3,)
    assert not torch.equal(logit, learned.state.network(eeg_uv))


def test_the_log_of_the_loop_tells_entropy_and_faults(with_clips: Parts, tmp_path: Path) -> None:
    *_, last = run(with_clips, "meta", tmp_path).state.history
    assert {"loss", "label_entropy", "agreement", "faults", "validation_auroc"} <= set(last)


def test_correction_of_onsets_refuses_a_horizon_and_plain_has_no_corrector() -> None:
    with pytest.raises(ConfigError, match="horizon_s = 0"):
        replace(TINY, method="context", horizon_s=300.0)
    with pytest.raises(ConfigError, match="needs method = 'meta'"):
        TrainConfig(indicator="meta")


def test_known_windows_are_drawn_as_asked(with_clips: Parts) -> None:
    training, _ = with_clips
    rng = np.random.default_rng(0)
    view = [np.where(each.positive, 1.0, -1.0).astype(np.float32)[:, None] for each in training]
    pool = pool_clean(training, view)
    rows, label = draw_clean(pool, 40, 1.0, "stratified", rng)
    assert label.sum() == 20
    assert all(np.isfinite(training[number].clean[window]) for number, window in rows)
    rows, label = draw_clean(pool, 40, 1.0, "paired", rng)
    np.testing.assert_array_equal(label, np.tile([1, 0], 20))
    np.testing.assert_array_equal(rows[::2, 0], rows[1::2, 0])
    _, label = draw_clean(pool, 400, 1.0, "natural", rng)
    assert abs(label.mean() - pool.clip_label.mean()) < 0.1


@pytest.mark.parametrize("method", ["plain", "changepoint", "meta"])
def test_from_weights_every_training_goes_on_from_them(with_clips: Parts, tmp_path: Path, method: str) -> None:
    start = new_network(replace(TINY, seed=99))
    frozen = OptimiserConfig(learning_rate=1e-12)
    meta = replace(META, warm_up_steps=1, tune_steps=1)
    config = replace(TINY, method=method, steps=1, validate_every=1, optimiser=frozen, meta=meta)
    with repeatable(1):
        learned = learn(*with_clips, config, Place(tmp_path / "c", "run", torch.device("cpu")), start=start)
    for name, weight in start.state_dict().items():
        if "running" not in name and "tracked" not in name:
            torch.testing.assert_close(learned.network.state_dict()[name], weight, rtol=0, atol=1e-6)
