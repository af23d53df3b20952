"""How the loss on clean windows changes with the labels that the network is about to learn from.

The network takes one step on soft labels q; the loss after that step, on windows whose labels are known, is a function
of q. Its gradient needs no second backward pass: q enters the loss linearly, so that with

- g the gradient of the mean cross entropy of z(x_i) against q_i, with respect to the weights w,
- w' the weights after the optimiser's step, dw'/dg its slope, element by element,
- v the gradient of the clean loss at w', and u = dw'/dg * v,

the gradient is dL_clean/dq_i = -(1/B) dz(x_i; w)[u], the derivative of the logit along u. It is what Zheng, Awadallah
and Dumais (AAAI 2021, equation 6) approximate by a double backward pass, here for any optimiser whose step is
element-wise.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from eegwarn.errors import ConfigError

Derivative = Literal["auto", "exact", "one-sided", "central"]

_RELATIVE_DIFFERENCE = 3e-5
"""Nearer, rounding in float32 disturbs more; farther, the kinks of the rectifiers do. Of steps from 3e-6 to 3e-2 this
had the smallest error over both backbones and SGD and AdamW: below 0.5 % of the gradient's norm."""


@dataclass(frozen=True)
class LookAhead:
    """The step that an optimiser is about to take, as a function of the gradient.

    Parameters
    ----------
    weights : tuple of nn.Parameter
        Those that have a gradient; in vectors they follow each other in this order.
    before : Tensor, shape (n_weights,)
        Their values before the step.
    slope : Tensor, shape (n_weights,)
        Derivative of each weight after the step by its own gradient.
    """

    weights: tuple[nn.Parameter, ...]
    before: Tensor
    slope: Tensor


def look_ahead(optimiser: torch.optim.Optimizer, *, clip: float | Tensor = 1.0) -> LookAhead:
    """Find the slope of the next step from the gradients and the optimiser's state, and change neither.

    Parameters
    ----------
    optimiser : torch.optim.Optimizer
        SGD (momentum, dampening, Nesterov), Adam or AdamW (Kingma and Ba, ICLR 2015; Loshchilov and Hutter, ICLR
        2019), after the backward pass and before ``step``. Adam's very first step has a slope of nearly 0, since it
        only keeps the gradient's sign.
    clip : float or Tensor
        Factor by which the gradients have been shortened. It is taken as a constant: that it depends on the gradient
        itself is left out.

    Raises
    ------
    ConfigError
        If the optimiser's step is not covered.
    """
    weights: list[nn.Parameter] = []
    slopes: list[Tensor] = []
    for group in optimiser.param_groups:
        here = [weight for weight in group["params"] if weight.grad is not None]
        if group.get("maximize") or group.get("amsgrad"):
            raise ConfigError("A look-ahead is known for optimisers without maximize and amsgrad. Switch them off.")
        if isinstance(optimiser, torch.optim.SGD):
            weights += here
            slopes.append(_sgd_slope(group, here, optimiser.state))
        elif isinstance(optimiser, torch.optim.Adam):  # AdamW is one, with its decay decoupled
            done = [int(optimiser.state.get(weight, {}).get("step", 0)) for weight in here]
            for n_steps in sorted(set(done)):  # one number, unless some weights go without a gradient at times
                together = [weight for weight, each in zip(here, done, strict=True) if each == n_steps]
                weights += together
                slopes.append(_adam_slope(group, together, optimiser.state, n_steps + 1))
        else:
            raise ConfigError(f"A look-ahead is known for SGD, Adam and AdamW, but got {type(optimiser).__name__}.")
    return LookAhead(tuple(weights), _vector([weight.detach() for weight in weights]), torch.cat(slopes) * clip)


def label_gradient(
    network: nn.Module,
    eeg_uv: Tensor,
    logit: Tensor,
    step: LookAhead,
    clean_gradient: Sequence[Tensor],
    *,
    batch_size: int,
    derivative: Derivative = "auto",
) -> Tensor:
    """Differentiate the clean loss after a step by the labels that the step was taken on.

    Parameters
    ----------
    network : nn.Module
        Gives logits of shape (batch,); each depends on its own window alone and on no random number (no BatchNorm, no
        dropout). Its weights are left as they are, wherever they stand.
    eeg_uv : Tensor, shape (n, n_channels, n_times)
        The labelled windows, or some of them.
    logit : Tensor, shape (n,)
        Their logits before the step.
    step : LookAhead
        The step.
    clean_gradient : sequence of Tensor
        Gradient of the clean loss after the step, by each of ``step.weights``.
    batch_size : int
        Number of windows over which the loss on the labels was a mean.
    derivative : {"auto", "exact", "one-sided", "central"}
        How the logits are differentiated; see `choose_derivative`. The one-sided difference needs one forward pass
        over the windows, the central one two.

    Returns
    -------
    Tensor, shape (n,)
        Gradient of the clean loss by each label, a probability.
    """
    direction = step.slope * _vector(clean_gradient)
    change = _along(network, eeg_uv, logit.detach(), step, direction, choose_derivative(network, derivative))
    return -change / batch_size


def choose_derivative(network: nn.Module, wanted: Derivative) -> Derivative:
    """Resolve ``"auto"``: exact where torch has a quick forward-mode derivative, else a central difference.

    It has none for recurrent layers in float32, whose oneDNN and cuDNN kernels are without. Asked for by name, the
    exact derivative goes around those kernels, which is slow.
    """
    if wanted != "auto":
        return wanted
    return "central" if _is_recurrent(network) else "exact"


def _is_recurrent(network: nn.Module) -> bool:
    return any(isinstance(module, nn.RNNBase) for module in network.modules())


def _along(
    network: nn.Module, eeg_uv: Tensor, logit: Tensor, step: LookAhead, direction: Tensor, derivative: Derivative
) -> Tensor:
    """Differentiate the logits along a direction in the space of weights, at the weights before the step: (n,)."""
    name = {weight: name for name, weight in network.named_parameters()}
    sizes = [weight.numel() for weight in step.weights]

    def named(vector: Tensor) -> dict[str, Tensor]:
        parts = torch.split(vector, sizes)
        return {name[weight]: part.view_as(weight) for weight, part in zip(step.weights, parts, strict=True)}

    def at(weights: dict[str, Tensor]) -> Tensor:
        logit: Tensor = functional_call(network, weights, (eeg_uv,))
        return logit

    with torch.no_grad():
        if derivative == "exact":
            with _differentiable_kernels(network):
                change: Tensor = jvp(at, (named(step.before),), (named(direction),))[1]
            return change
        size = _difference(step.before, direction)
        ahead = at(named(step.before + size * direction))
        if derivative == "one-sided":
            return (ahead - logit) / size
        return (ahead - at(named(step.before - size * direction))) / (2 * size)


@contextmanager
def _differentiable_kernels(network: nn.Module) -> Iterator[None]:
    """Leave out the kernels of recurrent layers that have no forward-mode derivative."""
    if not _is_recurrent(network):
        yield
        return
    before = bool(torch.backends.mkldnn.enabled), torch.backends.cudnn.enabled
    _use_kernels(False, False)
    try:
        yield
    finally:
        _use_kernels(*before)


def _use_kernels(onednn: bool, cudnn: bool) -> None:
    # Not through torch's own context managers: oneDNN's sets other flags too, and warns of them.
    torch.backends.mkldnn.enabled = onednn  # type: ignore[assignment]
    torch.backends.cudnn.enabled = cudnn


def _difference(weights: Tensor, direction: Tensor) -> Tensor:
    """Choose how far to go along a direction: to `_RELATIVE_DIFFERENCE` of the weights' norm."""
    norm = direction.norm()
    return torch.where(norm > 0, _RELATIVE_DIFFERENCE * weights.norm() / norm, torch.ones_like(norm))


def _sgd_slope(group: dict[str, Any], weights: Sequence[nn.Parameter], state: Mapping[Any, Any]) -> Tensor:
    """Differentiate -lr b, or with Nesterov -lr (g + momentum b), by g, where b = momentum b + (1 - dampening) g."""
    momentum, slopes = group["momentum"], []
    for weight in weights:
        # The first gradient enters the momentum whole, whatever the dampening.
        first = not momentum or state.get(weight, {}).get("momentum_buffer") is None
        factor = 1.0 if first else 1.0 - group["dampening"]
        if group["nesterov"]:
            factor = 1.0 + momentum * factor
        slopes.append(weight.new_full((weight.numel(),), -float(group["lr"]) * factor))
    return torch.cat(slopes)


def _adam_slope(
    group: dict[str, Any], weights: Sequence[nn.Parameter], state: Mapping[Any, Any], n_steps: int
) -> Tensor:
    """Differentiate -lr m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps) by g, the newest gradient in m and s."""
    beta1, beta2 = group["betas"]
    gradient = _vector([weight.grad for weight in weights if weight.grad is not None])
    if not group["decoupled_weight_decay"]:
        gradient = gradient + group["weight_decay"] * _vector([weight.detach() for weight in weights])
    mean, square = (
        _vector([state.get(weight, {}).get(key, torch.zeros_like(weight)) for weight in weights])
        for key in ("exp_avg", "exp_avg_sq")
    )
    mean = torch.lerp(gradient, mean, beta1)
    root = torch.sqrt(beta2 * square + (1 - beta2) * gradient**2)
    of_mean, of_root = 1 - beta1**n_steps, math.sqrt(1 - beta2**n_steps)
    below = root / of_root + group["eps"]
    # Where the root is 0 every gradient was, and the mean with them: the second term vanishes.
    root_slope = (1 - beta2) / of_root * gradient / root.clamp_min(torch.finfo(root.dtype).tiny)
    slope: Tensor = -float(group["lr"]) / of_mean * ((1 - beta1) - mean * root_slope / below) / below
    return slope


def _vector(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])
