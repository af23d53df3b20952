"""Quantised weights of a network: attached, listed, and baked into a plain network again."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from eegwarn.errors import ModelError
from eegwarn.quantize.quantizers import Quantizer

_PARTS = "parametrizations"


class QuantizedWeight(nn.Module):
    """Stands between a full-precision weight and the layer that uses it, and remembers what refines it.

    Everything that the next step depends on is a buffer, so that the network's ``state_dict`` is a whole checkpoint:
    the weight r itself is the parametrization's ``original``, and r~ follows from it.

    Parameters
    ----------
    weight : Tensor
        r, of the shape of every other tensor here.
    quantizer : Quantizer
        From r to q.
    memory : Tensor
        What the penetration remembers at first; see `eegwarn.quantize.penetrate.memory_of`.
    """

    gradient: Tensor
    """Of the loss by q, at the last step."""
    first_moment: Tensor
    second_moment: Tensor
    """Of the optimiser that refines r."""
    memory: Tensor
    """Of the penetration."""

    def __init__(self, weight: Tensor, quantizer: Quantizer, memory: Tensor) -> None:
        super().__init__()
        self.quantizer = quantizer
        for name in ("gradient", "first_moment", "second_moment"):
            self.register_buffer(name, torch.zeros_like(weight))
        self.register_buffer("memory", memory)
        self.penetrate: Callable[[Tensor, Tensor], Tensor] = self._straight
        self.arrived: Tensor | None = None
        """Gradient by q of the last backward pass; `metaquant_step` takes it over, an evaluation leaves none."""

    def forward(self, r: Tensor) -> Tensor:
        """Give q; on the way back ``penetrate`` makes a gradient of r of one of q."""
        q: Tensor = _Penetrate.apply(r, self)  # type: ignore[no-untyped-call]
        return q

    def _straight(self, gradient: Tensor, r: Tensor) -> Tensor:
        _, slope = self.quantizer.approach(r)
        return gradient * slope


class _Penetrate(torch.autograd.Function):
    """The quantiser forward, and on the way back whatever the weight's ``penetrate`` says (MetaQuant, equation 8)."""

    @staticmethod
    def forward(ctx: Any, r: Tensor, weight: QuantizedWeight) -> Tensor:
        ctx.save_for_backward(r)
        ctx.weight = weight
        return weight.quantizer.quantize(r)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        (r,), (gradient,) = ctx.saved_tensors, gradients
        ctx.weight.arrived = gradient
        return ctx.weight.penetrate(gradient, r), None


def attach_quantizer(
    network: nn.Module, quantizer: Quantizer, memory_for: Callable[[Tensor], Tensor], *, ends: bool = True
) -> None:
    """Quantise the weights of a network's convolutions, linear layers and LSTMs, in place; biases and norms stay.

    Parameters
    ----------
    network : nn.Module
        Trained; its weights become the full-precision ones that training refines.
    quantizer : Quantizer
        For all of them.
    memory_for : callable
        Gives the penetration's memory at first, for a weight.
    ends : bool
        Whether the first and the last layer are quantised too.

    Raises
    ------
    ModelError
        If it is quantised already, or has no such layer.
    """
    if any(parametrize.is_parametrized(module) for module in network.modules()):
        raise ModelError("The network is quantised already. Start from the one it was made from.")
    layers = [module for module in network.modules() if _weight_names(module)]
    layers = layers if ends else layers[1:-1]
    if not layers:
        raise ModelError("The network has no convolution, linear layer or LSTM to quantise.")
    for layer in layers:
        for name in _weight_names(layer):
            weight = getattr(layer, name).detach()
            # Its own check would judge the first q, of which nothing is asked but its shape.
            parametrize.register_parametrization(
                layer, name, QuantizedWeight(weight, quantizer, memory_for(weight)), unsafe=True
            )


def _weight_names(module: nn.Module) -> list[str]:
    if isinstance(module, nn.LSTM):
        return [name for name, _ in module.named_parameters(recurse=False) if name.startswith("weight_")]
    return ["weight"] if isinstance(module, nn.Conv2d | nn.Linear) else []


def quantized_weights(network: nn.Module) -> dict[str, QuantizedWeight]:
    """Find the quantised weights of a network.

    Returns
    -------
    dict
        Under the name of the full-precision weight among the network's parameters, such as
        ``"stem.parametrizations.weight.original"``.
    """
    return {
        f"{name.rpartition('.')[0]}.original": module
        for name, module in network.named_modules()
        if isinstance(module, QuantizedWeight)
    }


def other_parameters(network: nn.Module) -> list[nn.Parameter]:
    """Give the parameters that stay in full precision: biases, norms, and layers left out."""
    latent = quantized_weights(network)
    return [parameter for name, parameter in network.named_parameters() if name not in latent]


def baked(network: nn.Module) -> dict[str, Tensor]:
    """Give the state of a plain network with the quantised weights in the place of the full-precision ones.

    Returns
    -------
    dict of str to Tensor
        For ``load_state_dict`` of an untouched network of the same configuration.
    """
    plain = {name: value for name, value in network.state_dict().items() if f"{_PARTS}." not in name}
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, weight in quantized_weights(network).items():
            plain[plain_name(name)] = weight.quantizer.quantize(parameters[name])
    return plain


def plain_name(name: str) -> str:
    """Turn ``"stem.parametrizations.weight.original"`` into ``"stem.weight"``."""
    return name.replace(f"{_PARTS}.", "").removesuffix(".original")
