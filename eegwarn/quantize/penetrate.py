"""What takes a gradient through the steps of a quantiser: learned networks, and the fixed rules they are held against.

Every rule is one small network for all weights, coordinate by coordinate (Chen, Wang and Pan, "MetaQuant", NeurIPS
2019, section 3.2). A learned one multiplies the gradient by a positive factor between 1/20 and 20 that is 1 before any
training: the network starts as the straight-through estimator, and never turns a gradient round.
"""

from typing import Literal, Protocol

import torch
from torch import Tensor, nn

MetaKind = Literal["fcgrad", "multifc", "lstmfc", "ones", "ste"]

_LARGEST_LOG = 3.0
_TINY = 1e-12


class Penetration(Protocol):
    """What training asks of a rule."""

    def __call__(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Give the gradient of r~, and the memory afterwards.

        Parameters
        ----------
        gradient : Tensor
            Of the loss by q, of one weight of any shape.
        approached : Tensor, shape of ``gradient``
            r~.
        memory : Tensor, shape (n_states, n_weights, hidden)
            What the rule remembers of each weight; empty for all but LSTMFC.
        """


class _OfOneNumber(nn.Module):
    """Multiplies the gradient by a factor of one number for each weight, through ``hidden`` units."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.factor = _Factor(1, hidden)


class FCGrad(_OfOneNumber):
    """A factor that depends on the gradient, in units of its root mean square over the weight.

    Parameters
    ----------
    hidden : int
        Units of its one hidden layer.
    """

    def forward(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penetration`."""
        size = gradient.square().mean().sqrt() + _TINY
        return gradient * self.factor((gradient / size).reshape(-1, 1)).view_as(gradient), memory


class MultiFC(_OfOneNumber):
    """A factor that depends on r~, with its mean over the weight taken away and divided by its spread.

    Parameters
    ----------
    hidden : int
        Units of its one hidden layer.
    """

    def forward(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penetration`."""
        return gradient * self.factor(_standard(approached)).view_as(gradient), memory


class LSTMFC(nn.Module):
    """A factor that depends on r~ and on how it moved: an LSTM with two states for each weight and hidden unit.

    Parameters
    ----------
    hidden : int
        State of the LSTM; memory and time grow with it.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.recurrent = nn.LSTMCell(1, hidden)
        self.factor = _Factor(hidden, hidden)

    def forward(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penetration`; ``memory`` holds output and cell, shape (2, n_weights, hidden)."""
        output, cell = self.recurrent(_standard(approached), (memory[0], memory[1]))
        return gradient * self.factor(output).view_as(gradient), torch.stack([output, cell])


class Ones(nn.Module):
    """The gradient as it is: M frozen where the learned ones begin."""

    def forward(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penetration`."""
        return gradient, memory


class StraightThrough(nn.Module):
    """The gradient where |r~| is at most 1, and nothing elsewhere (Bengio, Léonard and Courville, 2013)."""

    def forward(self, gradient: Tensor, approached: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penetration`."""
        return gradient * (approached.abs() <= 1), memory


def new_penetration(kind: MetaKind, hidden: int, *, seed: int) -> nn.Module:
    """Make a rule; equal seeds give equal weights.

    Parameters
    ----------
    kind : {"fcgrad", "multifc", "lstmfc", "ones", "ste"}
        Which; the last two learn nothing.
    hidden : int
        Size of those that learn.
    seed : int
        Of its first weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if kind == "fcgrad":
            return FCGrad(hidden)
        if kind == "multifc":
            return MultiFC(hidden)
        if kind == "lstmfc":
            return LSTMFC(hidden)
    return Ones() if kind == "ones" else StraightThrough()


def memory_of(kind: MetaKind, hidden: int, weight: Tensor) -> Tensor:
    """Give the memory with which a rule begins: zeros, shape (n_states, n_weights, hidden)."""
    n_states = 2 if kind == "lstmfc" else 0
    return weight.new_zeros(n_states, weight.numel() if n_states else 0, hidden)


class _Factor(nn.Module):
    """From inputs, shape (n_weights, n_inputs), to a positive factor each, shape (n_weights,); all 1 at first."""

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        # A weight without bend and bias would be one number times r~, and turn its sign with it.
        self.inner = nn.Linear(n_inputs, hidden)
        self.outer = nn.Linear(hidden, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Give the factors."""
        log = self.outer(torch.relu(self.inner(inputs))).squeeze(1)  # (n_weights,)
        return torch.exp(_LARGEST_LOG * torch.tanh(log / _LARGEST_LOG))


def _standard(approached: Tensor) -> Tensor:
    centred = approached - approached.mean()
    return (centred / (centred.square().mean().sqrt() + _TINY)).reshape(-1, 1)
