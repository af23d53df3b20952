"""A trained model made small: its network quantised, exported in 8 bits, and what it says fitted anew."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.backbones import Backbone
from eegwarn.bedside.bundle import Bundle, Precision
from eegwarn.bedside.runtime import Runtime
from eegwarn.config import to_table
from eegwarn.warning.trend import follow
from training.batches import draw_rows, gather_windows, pool_windows
from training.checkpoint import TrainState
from training.config import TrainConfig
from training.export import export_onnx
from training.export_int8 import export_int8
from training.finetune import QuantizeConfig, fine_tune
from training.fit import fit_warning
from training.loop import Place
from training.network import judge_recording
from training.train import Parts
from training.windows import LabelledRecording

PLAIN = QuantizeConfig(method="post-training", metaquant=replace(QuantizeConfig().metaquant, bits=8))
"""Weights rounded to 8 bits and nothing trained: what every other way is held against."""


def make_small(
    bundle: Bundle, network: Backbone, parts: Parts, train_config: TrainConfig, config: QuantizeConfig, place: Place
) -> Bundle:
    """Quantise a model's network, export it in 8 bits, and fit calibration and alarm threshold to what it says.

    Parameters
    ----------
    bundle : Bundle
        The trained model.
    network : Backbone
        Its network.
    parts : dict
        Recordings of its ``"training"`` and its ``"validation"`` part.
    train_config : TrainConfig
        With which it was trained.
    config : QuantizeConfig
        How.
    place : Place
        Where.
    """
    quantized, state = fine_tune(network, parts["training"], parts["validation"], train_config, config, place)
    n_times, _ = train_config.windows.in_samples(train_config.signal.sfreq)
    exported = export_onnx(quantized, n_channels=quantized.config.n_channels, n_times=n_times)
    content = export_int8(
        exported, _calibration_windows(parts["training"], train_config, config), reduced_range=config.reduced_range
    )
    precision = Precision(config.metaquant.bits, 8, config.reduced_range)
    small = replace(bundle, config=replace(bundle.config, precision=precision), onnx=content, weights=None)
    runtime, hop_s = Runtime(small), train_config.windows.hop_s
    said = [runtime.logit(each.windows) for each in parts["validation"]]
    followed = [follow(logit, hop_s, bundle.config.trend)[0] for logit in said]
    fitted = fit_warning(parts["validation"], followed, train_config)
    exact = [judge_recording(quantized, each.windows, torch.device("cpu")) for each in parts["validation"]]
    return replace(
        small,
        config=replace(small.config, calibration=fitted.calibration, alarm=fitted.alarm),
        record={**bundle.record, "warning": fitted.about, "quantize": _about(config, state, said, exact)},
    )


def _calibration_windows(
    training: Sequence[LabelledRecording], train_config: TrainConfig, config: QuantizeConfig
) -> NDArray[np.float32]:
    pool = pool_windows(training, [each.target for each in training], "training")
    rng = np.random.default_rng((train_config.seed, 5))
    rows, _ = draw_rows(pool, config.calibration_windows, train_config.positive_share, rng)
    return gather_windows(training, rows)


def _about(
    config: QuantizeConfig,
    state: TrainState | None,
    said: Sequence[NDArray[np.float64]],
    exact: Sequence[NDArray[np.float64]],
) -> dict[str, Any]:
    difference = np.concatenate(said) - np.concatenate(exact)
    about: dict[str, Any] = {
        "config": to_table(config),
        "logit_rms_difference": float(np.sqrt(np.nanmean(difference**2))),
        "logit_largest_difference": float(np.nanmax(np.abs(difference))),
    }
    if state is not None:
        about |= {"steps": state.step, "validation_auroc": state.best_score, "history": state.history}
    return about
