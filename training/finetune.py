"""Training of a network's quantised weights, from the trained network on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.backbones import BACKBONES, Backbone
from eegwarn.bedside.bundle import Bundle
from eegwarn.config import from_table
from eegwarn.errors import ConfigError, ModelError
from eegwarn.quantize import MetaQuantConfig, baked, metaquant_step, quantize_network
from training.batches import draw_batch, pool_windows
from training.checkpoint import TrainState
from training.config import TrainConfig
from training.loop import Course, Place, learning_rate, run_loop
from training.network import Look, judge
from training.windows import LabelledRecording

Method = Literal["metaquant", "ste", "post-training"]

DEFAULT_METHOD: Method = "ste"
"""No table has shown a gain of MetaQuant over the straight-through estimator under Adam, which costs less."""

_FIXED = ("ones", "ste")
"""Rules that learn nothing."""


@dataclass(frozen=True)
class QuantizeConfig:
    """How a trained model is made small.

    Parameters
    ----------
    method : {"metaquant", "ste", "post-training"}
        Training through the quantiser with a learned gradient, with the straight-through estimator, or none at all.
    steps : int
        Most steps of training.
    validate_every : int
        Steps between looks at the validation patients; a checkpoint is written at each.
    patience : int
        Looks without improvement after which training stops.
    warmup_steps : int
        Steps over which learning rates rise; then they fall along a cosine.
    teacher_share : float
        Share of what a window is to be called that comes from the network in full precision, the rest from its label.
    calibration_windows : int
        Training windows that set the ranges of 8-bit activations.
    reduced_range : bool
        Whether weights of 8 bits leave one unused, which processors without VNNI need for a right result.
    metaquant : MetaQuantConfig
        Quantiser and refinement; a ``meta`` that learns counts for method metaquant only.
    """

    method: Method = DEFAULT_METHOD
    steps: int = 600
    validate_every: int = 50
    patience: int = 6
    warmup_steps: int = 20
    teacher_share: float = 1.0
    calibration_windows: int = 512
    reduced_range: bool = True
    metaquant: MetaQuantConfig = field(default_factory=MetaQuantConfig)

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "patience", "calibration_windows"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, but got {getattr(self, name)}.")
        if self.warmup_steps < 0 or not 0 <= self.teacher_share <= 1:
            raise ConfigError(
                "warmup_steps must be at least 0 and teacher_share lie between 0 and 1, but got "
                f"{self.warmup_steps} and {self.teacher_share}."
            )
        if self.method == "metaquant" and self.metaquant.meta in _FIXED:
            raise ConfigError(
                f"method = 'metaquant' learns its gradient, but got metaquant.meta = {self.metaquant.meta!r}. "
                "Take fcgrad, multifc or lstmfc, or method = 'ste'."
            )

    @property
    def rule(self) -> MetaQuantConfig:
        """Quantiser and refinement with what the method says about the gradient."""
        learns = self.metaquant.meta not in _FIXED
        return replace(self.metaquant, meta="ste") if self.method == "ste" and learns else self.metaquant


def trained_network(bundle: Bundle) -> Backbone:
    """Rebuild the network of a model in torch.

    Raises
    ------
    ModelError
        If its weights were left out, or are not those of a network that can be quantised.
    """
    table = dict(bundle.config.backbone)
    kind = table.pop("kind", None)
    if kind not in BACKBONES:
        raise ModelError(f"The model's network is {kind!r}; allowed are {', '.join(BACKBONES)}.")
    weights = bundle.trainable_weights()
    config_class, network_class = BACKBONES[kind]
    try:
        network: Backbone = network_class(from_table(config_class, table))
        network.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError, ConfigError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(":")
        raise ModelError(
            f"The model's weights do not fit its network ({reason}): only a network that warns by itself "
            "(indicator = 'backbone') can be quantised or trained further."
        ) from error
    return network.eval()


def copy_of(network: Backbone, state: dict[str, Tensor] | None = None) -> Backbone:
    """Give a new network of the same size with the same weights, or with those of ``state``."""
    made: Backbone = type(network)(network.config)  # type: ignore[arg-type]
    made.load_state_dict(network.state_dict() if state is None else state)
    return made.eval()


def fine_tune(
    network: Backbone,
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    train_config: TrainConfig,
    config: QuantizeConfig,
    place: Place,
    *,
    stage: str = "quantize",
) -> tuple[Backbone, TrainState | None]:
    """Quantise the weights of a trained network, and train on where the method says so.

    Parameters
    ----------
    network : Backbone
        Trained in full precision; left as it is.
    training, validation : sequence of LabelledRecording
        The recordings that it was trained and validated on.
    train_config : TrainConfig
        With which it was trained: batches, augmentation, seed.
    config : QuantizeConfig
        How.
    place : Place
        Where; an interrupted training goes on there.
    stage : str
        Name of this training.

    Returns
    -------
    network : Backbone
        A plain network whose weights lie on the quantiser's levels, on the processor; of plain 8 bits those of
        ``network``, which the export rounds.
    state : TrainState or None
        Of the training, where there was one.

    Raises
    ------
    CohortError
        If a part lacks windows of a class.
    ModelError
        If the checkpoint is of another training, or the loss is not finite.
    """
    if config.method == "post-training" and config.metaquant.bits == 8:
        return copy_of(network), None
    device, student = place.device, copy_of(network).to(place.device)
    quantized = quantize_network(student, config.rule, seed=train_config.seed)
    if config.method == "post-training":
        return copy_of(network, baked(student)), None
    teacher = copy_of(network).to(device)
    pool = pool_windows(training, [each.target for each in training], "training")
    state = TrainState({"network": student, "meta": quantized.meta}, quantized.optimisers)
    schedule = replace(train_config.optimiser, learning_rate=1.0, warmup_steps=config.warmup_steps)

    def take_step(state: TrainState) -> dict[str, float]:
        rng = np.random.default_rng((train_config.seed, 4, state.step))
        eeg_uv, label = draw_batch(training, pool, train_config, rng)
        target = _target(teacher, eeg_uv, label, config.teacher_share, device)
        student.train()
        loss = metaquant_step(
            quantized,
            torch.from_numpy(eeg_uv).to(device),
            lambda logit: binary_cross_entropy_with_logits(logit, target),
            step=state.step,
            rate_share=learning_rate(schedule, step=state.step, steps=config.steps),
        )
        return {"loss": loss}

    run_loop(
        state,
        Course(config.steps, config.validate_every, config.patience),
        place,
        stage=stage,
        take_step=take_step,
        look=Look(validation, train_config, place),
    )
    plain = {name: value.cpu() for name, value in baked(student).items()}
    return copy_of(network, plain), state


def _target(
    teacher: nn.Module,
    eeg_uv: NDArray[np.float32],
    label: NDArray[np.float32],
    teacher_share: float,
    device: torch.device,
) -> Tensor:
    target = torch.from_numpy(label).to(device)
    if not teacher_share:
        return target
    said = torch.sigmoid(torch.from_numpy(judge(teacher, eeg_uv, device)).to(device))
    return teacher_share * said + (1 - teacher_share) * target
