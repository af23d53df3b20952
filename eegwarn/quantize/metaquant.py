"""Training of quantised weights, with a learned way through the quantiser.

One step as in Chen, Wang and Pan, "MetaQuant: Learning to Quantize by Learning to Penetrate Non-differentiable
Quantization", NeurIPS 2019. The move of the weights that the last gradient asks for stays in the graph of the next
forward pass,

    r_t = r_{t-1} - rate * direction( M_phi(g_q^{t-1}, r~^{t-1}) * calibration ),

so that one backward pass gives the gradient by q for the step after, and the gradient by phi: did the move help?
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

from eegwarn.errors import ConfigError
from eegwarn.quantize.penetrate import MetaKind, Penetration, memory_of, new_penetration
from eegwarn.quantize.quantizers import QuantizerKind, new_quantizer
from eegwarn.quantize.weights import QuantizedWeight, attach_quantizer, other_parameters, quantized_weights

_TINY = 1e-8
"""Of Adam, as in its paper; under the root here, whose slope at zero is infinite."""

_DECAYS = (0.9, 0.999)


@dataclass(frozen=True)
class MetaQuantConfig:
    """How weights are quantised and refined.

    Parameters
    ----------
    quantizer : {"dorefa", "bwn", "ternary"}
        Levels: evenly spaced for a layer, two for an output, three for an output.
    bits : int
        Of a weight.
    ends : bool
        Whether the first and the last layer are quantised too.
    meta : {"fcgrad", "multifc", "lstmfc", "ones", "ste"}
        What takes the gradient through the quantiser: a network of the gradient, of the weight, of the weight and its
        past; one (that network frozen where it begins); or the straight-through estimator.
    hidden : int
        Size of that network.
    refinement : {"adam", "sgd"}
        What makes a direction of a gradient: Adam, or gradient descent with momentum.
    momentum : float
        Of ``sgd``.
    learning_rate : float
        The highest, of the quantised weights.
    other_learning_rate : float
        The highest, of biases, norms and layers left out, by AdamW.
    phi_learning_rate : float
        The highest, of the network that takes the gradient through, by Adam.
    largest_gradient : float
        Longer gradients are shortened to this norm, those of the three kinds of parameters each by itself.
    """

    quantizer: QuantizerKind = "dorefa"
    bits: int = 1
    ends: bool = True
    meta: MetaKind = "multifc"
    hidden: int = 8
    refinement: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9
    learning_rate: float = 1e-3
    other_learning_rate: float = 1e-3
    phi_learning_rate: float = 1e-3
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        new_quantizer(self.quantizer, self.bits)
        if not 1 <= self.hidden <= 64:
            raise ConfigError(f"metaquant.hidden must lie between 1 and 64, but got {self.hidden}.")
        if not 0 <= self.momentum < 1:
            raise ConfigError(f"metaquant.momentum must be at least 0 and below 1, but got {self.momentum}.")
        rates = (self.learning_rate, self.other_learning_rate, self.phi_learning_rate, self.largest_gradient)
        if not all(0 < rate < inf for rate in rates):
            raise ConfigError(
                f"metaquant's learning rates and .largest_gradient must be finite and above 0, but got {rates}."
            )


@dataclass(frozen=True)
class Quantized:
    """A network in training with quantised weights.

    Its whole state is in the ``state_dict`` of ``network`` and ``meta``, and in ``optimisers``.

    Parameters
    ----------
    network : nn.Module
        With quantised weights attached.
    meta : nn.Module
        The `Penetration`.
    optimisers : dict
        ``"others"`` of the parameters that are not quantised; ``"phi"`` of ``meta``, where it learns.
    config : MetaQuantConfig
        How.
    """

    network: nn.Module
    meta: nn.Module
    optimisers: dict[str, torch.optim.Optimizer]
    config: MetaQuantConfig


def quantize_network(network: nn.Module, config: MetaQuantConfig, *, seed: int) -> Quantized:
    """Attach quantisers to a trained network, in place, and make what refines it.

    Parameters
    ----------
    network : nn.Module
        Trained in full precision.
    config : MetaQuantConfig
        How.
    seed : int
        Of the first phi.

    Raises
    ------
    ModelError
        If it is quantised already, or has nothing to quantise.
    """
    any_weight = next(network.parameters())
    attach_quantizer(
        network,
        new_quantizer(config.quantizer, config.bits),
        partial(memory_of, config.meta, config.hidden),
        ends=config.ends,
    )
    meta = new_penetration(config.meta, config.hidden, seed=seed).to(any_weight)
    others = torch.optim.AdamW(other_parameters(network), config.other_learning_rate, weight_decay=0.0)
    optimisers: dict[str, torch.optim.Optimizer] = {"others": others}
    if phi := list(meta.parameters()):
        optimisers["phi"] = torch.optim.Adam(phi, config.phi_learning_rate)
    return Quantized(network, meta, optimisers, config)


class Refined(NamedTuple):
    """A weight after one move, with what the move after it depends on."""

    r: Tensor
    first_moment: Tensor
    second_moment: Tensor
    memory: Tensor


def refine(
    weight: QuantizedWeight, r: Tensor, meta: Penetration, config: MetaQuantConfig, *, rate: float, n_gradients: int
) -> Refined:
    """Move a weight by its last gradient; a function of phi that autograd can follow.

    Parameters
    ----------
    weight : QuantizedWeight
        With the gradient by q, the moments and the memory that the last step left.
    r : Tensor
        Full-precision weight.
    meta : Penetration
        M, of parameters phi.
    config : MetaQuantConfig
        Whose direction is taken.
    rate : float
        Learning rate.
    n_gradients : int
        Gradients so far; nothing moves before the first.
    """
    approached, slope = weight.quantizer.approach(r)
    of_approached, memory = meta(weight.gradient, approached, weight.memory)
    gradient = of_approached * slope
    if config.refinement == "sgd":
        first = config.momentum * weight.first_moment + gradient
        return Refined(r - rate * first, first, weight.second_moment, memory)
    decay_1, decay_2 = _DECAYS
    first = decay_1 * weight.first_moment + (1 - decay_1) * gradient
    second = decay_2 * weight.second_moment + (1 - decay_2) * gradient**2
    n_gradients = max(n_gradients, 1)  # before the first gradient both moments are zero
    unbiased_1, unbiased_2 = first / (1 - decay_1**n_gradients), second / (1 - decay_2**n_gradients)
    return Refined(r - rate * unbiased_1 / torch.sqrt(unbiased_2 + _TINY**2), first, second, memory)


def metaquant_step(
    training: Quantized, eeg_uv: Tensor, loss_of: Callable[[Tensor], Tensor], *, step: int, rate_share: float = 1.0
) -> float:
    """Take one step and give the loss, which is that of the weights after their move.

    Parameters
    ----------
    training : Quantized
        Changed in place.
    eeg_uv : Tensor, shape (batch, n_channels, n_times)
        The batch.
    loss_of : callable
        Gives the loss of the logits, shape (batch,).
    step : int
        Steps done before.
    rate_share : float
        Share of the highest learning rates, by the schedule; that of phi falls by its square.
    """
    config, meta = training.config, training.meta
    weights, parameters = quantized_weights(training.network), dict(training.network.named_parameters())
    moved: dict[str, Refined] = {}
    # Without phi nothing asks how the weights moved, and their move needs no graph.
    with torch.set_grad_enabled("phi" in training.optimisers):
        for name, weight in weights.items():
            r, rate = parameters[name].detach(), rate_share * config.learning_rate
            moved[name] = refine(weight, r, meta, config, rate=rate, n_gradients=step)
    for name, weight in weights.items():
        weight.penetrate = partial(_through_meta, weight, meta, moved[name].memory.detach())
    latent = {name: each.r if each.r.requires_grad else each.r.requires_grad_() for name, each in moved.items()}

    with parametrize.cached():  # an LSTM reads its weights several times
        loss = loss_of(functional_call(training.network, latent, (eeg_uv,)))
    for optimiser in training.optimisers.values():
        optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]

    _step_others(training, rate_share)
    _commit(weights, moved, parameters, config.largest_gradient)
    return float(loss.detach())


def _through_meta(weight: QuantizedWeight, meta: nn.Module, memory: Tensor, gradient: Tensor, r: Tensor) -> Tensor:
    """Make a gradient of r of one of q, by M as it is (equation 8)."""
    with torch.no_grad():
        approached, slope = weight.quantizer.approach(r)
        of_approached, _ = meta(gradient, approached, memory)
        through: Tensor = of_approached * slope
        return through


def _step_others(training: Quantized, rate_share: float) -> None:
    config = training.config
    rates = {
        "others": rate_share * config.other_learning_rate,
        "phi": rate_share**2 * config.phi_learning_rate,
    }
    for name, optimiser in training.optimisers.items():
        for group in optimiser.param_groups:
            group["lr"] = rates[name]
            nn.utils.clip_grad_norm_(group["params"], config.largest_gradient)
        optimiser.step()


def _commit(
    weights: dict[str, QuantizedWeight],
    moved: dict[str, Refined],
    parameters: dict[str, nn.Parameter],
    largest_gradient: float,
) -> None:
    """Keep the moved weights, and the gradients by q for the next move."""
    arrived = {name: weight.arrived for name, weight in weights.items()}
    gradients = [gradient for gradient in arrived.values() if gradient is not None]
    length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in gradients]))
    shortened = torch.clamp(largest_gradient / (length + _TINY), max=1.0)
    with torch.no_grad():
        for name, weight in weights.items():
            after, gradient = moved[name], arrived[name]
            parameters[name].copy_(after.r)
            weight.first_moment.copy_(after.first_moment)
            weight.second_moment.copy_(after.second_moment)
            weight.memory.copy_(after.memory)
            weight.gradient.copy_(gradient * shortened if gradient is not None else torch.zeros_like(weight.gradient))
            weight.arrived = None
