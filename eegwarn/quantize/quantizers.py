"""Quantisers: from full-precision weights to a few levels, and the slope that training uses in place of the steps'.

Symbols as in Chen, Wang and Pan, "MetaQuant", NeurIPS 2019: r the full-precision weight, r~ = A(r) what comes before
the steps, q = Q(r~) the quantised weight, and the calibration that leads from a gradient of r~ to one of r.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from eegwarn.errors import ConfigError

QuantizerKind = Literal["dorefa", "bwn", "ternary"]

_TINY = 1e-12
"""Keeps a layer of zeros from dividing by zero."""

_TERNARY_THRESHOLD = 0.7
"""Of the mean absolute weight: the best for weights that are spread normally or evenly (Li and Liu, 2016)."""


class Quantizer(Protocol):
    """What training and export ask of a quantiser; every weight has its outputs first, shape (n_outputs, ...)."""

    def quantize(self, r: Tensor) -> Tensor:
        """Give q = Q(A(r)), shape of ``r``."""

    def approach(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """Give r~ = A(r), and the slope from r to q with the steps left out; both of the shape of ``r``."""


@dataclass(frozen=True)
class Dorefa:
    """2 ** ``bits`` even levels between two ends, for a whole layer (Zhou et al., "DoReFa-Net", 2016, equation 9).

    The paper's levels lie between -1 and 1 and leave the scale to the norm that follows. Here layers without a norm
    are quantised too, and training starts from a network that works: the levels are scaled by the least-squares fit of
    the code to the weights, which for one bit is the mean absolute weight.

    Parameters
    ----------
    bits : int
        1, 2, 4 or 8.
    """

    bits: int

    def __post_init__(self) -> None:
        if self.bits not in (1, 2, 4, 8):
            raise ConfigError(f"quantizer = 'dorefa' takes bits = 1, 2, 4 or 8, but got {self.bits}. Take one of them.")

    def quantize(self, r: Tensor) -> Tensor:
        """Give the scale times 2 round((2^k - 1) A) / (2^k - 1) - 1."""
        approached, *_ = _bend(r)
        code = self._code(approached)
        return code * _fitted_scale(r, code)

    def approach(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """Give A(r) = tanh r / (2 max |tanh r|) + 1/2, and the scale times (1 - tanh^2 r) / max |tanh r|."""
        approached, bent, largest = _bend(r)
        scale = _fitted_scale(r, self._code(approached))
        slope: Tensor = (1 - bent.square()) * (scale / largest)
        return approached, slope

    def _code(self, approached: Tensor) -> Tensor:
        n_steps = float(2**self.bits - 1)
        # Halves go up, so that the levels lie evenly: torch.round takes them to the even neighbour.
        code: Tensor = 2 * torch.floor(n_steps * approached + 0.5) / n_steps - 1
        return code


@dataclass(frozen=True)
class BinaryWeights:
    """The sign, times the mean absolute weight of each output (Rastegari et al., "XNOR-Net", ECCV 2016, 3.1)."""

    def quantize(self, r: Tensor) -> Tensor:
        """Give mean |r| sign r; the sign of 0 is 1."""
        return torch.where(r >= 0, 1.0, -1.0).to(r) * self._scale(r)

    def approach(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """Give r itself, and 1."""
        return r, torch.ones_like(r)

    def _scale(self, r: Tensor) -> Tensor:
        """Give the mean |r| of each output."""
        return r.abs().mean(dim=_all_but_first(r), keepdim=True)


@dataclass(frozen=True)
class TernaryWeights:
    """Minus one, zero or one, times a scale of each output (Li and Liu, "Ternary weight networks", 2016)."""

    def quantize(self, r: Tensor) -> Tensor:
        """Give the scale times the sign of r where |r| is above 0.7 of its mean, and zero elsewhere."""
        return torch.sign(r) * _is_large(r) * self._scale(r)

    def approach(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """Give r itself, and 1."""
        return r, torch.ones_like(r)

    def _scale(self, r: Tensor) -> Tensor:
        """Give the mean |r| of each output's large weights."""
        large, others = _is_large(r), _all_but_first(r)
        return (r.abs() * large).sum(dim=others, keepdim=True) / large.sum(dim=others, keepdim=True).clamp_min(1)


def new_quantizer(kind: QuantizerKind, bits: int) -> Quantizer:
    """Make a quantiser.

    Parameters
    ----------
    kind : {"dorefa", "bwn", "ternary"}
        Which.
    bits : int
        Of a weight: 1 for ``bwn``, 2 for ``ternary``, 1, 2, 4 or 8 for ``dorefa``.

    Raises
    ------
    ConfigError
        If the kind has no such number of bits.
    """
    if kind == "dorefa":
        return Dorefa(bits)
    needed = 1 if kind == "bwn" else 2
    if bits != needed:
        raise ConfigError(f"quantizer = {kind!r} takes bits = {needed}, but got {bits}. For other bits take 'dorefa'.")
    return BinaryWeights() if kind == "bwn" else TernaryWeights()


def _bend(r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give A(r) of equation 9, tanh r, and the largest |tanh r|."""
    bent = torch.tanh(r)
    largest = bent.abs().max().clamp_min(_TINY)
    return bent / (2 * largest) + 0.5, bent, largest


def _fitted_scale(r: Tensor, code: Tensor) -> Tensor:
    r, code = r.reshape(-1), code.reshape(-1)
    return torch.dot(r, code) / torch.dot(code, code).clamp_min(_TINY)


def _is_large(r: Tensor) -> Tensor:
    magnitude = r.abs()
    return (magnitude > _TERNARY_THRESHOLD * magnitude.mean(dim=_all_but_first(r), keepdim=True)).to(r)


def _all_but_first(r: Tensor) -> tuple[int, ...]:
    return tuple(range(1, r.ndim))
