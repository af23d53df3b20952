"""What can go wrong with labels that a learning corrector makes, and how it is noticed.

The recipe as published collapses to one class or turns labels over where its steps are too large (see
training/METHODS.md); a step whose labels have such a fault is taken on those of the untrained corrector.
"""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from eegwarn.autolabel.corrector import UNKNOWN

Fault = Literal["", "inversion", "collapse", "saturation", "not finite"]

Total = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Adds tensors up over the processes that take a step together, the same in each."""


def entropy(probability: Tensor) -> Tensor:
    """Give the entropy of yes-or-no labels in nats; any shape."""
    nats: Tensor = torch.special.entr(probability) + torch.special.entr(1 - probability)
    return nats


def balanced_accuracy(found: Tensor, known: Tensor) -> float:
    """Give the mean over the classes that there are of how many of each were found; both bool, shape (n,)."""
    right = [float((found == known)[of_class].float().mean()) for of_class in (known, ~known) if of_class.any()]
    return sum(right) / len(right)


def fault_of_labels(
    label: Tensor,
    start: Tensor,
    noisy: Tensor,
    agreement: float,
    *,
    smallest_share: float,
    smallest_entropy: float,
) -> Fault:
    """Tell what is wrong with corrected labels, if anything is.

    Parameters
    ----------
    label, start : Tensor, shape (n,)
        Of the corrector, and of the untrained one.
    noisy : Tensor, shape (n,)
        Before correction; `UNKNOWN` where there was none.
    agreement : float
        Balanced accuracy of the corrected labels on known windows.
    smallest_share, smallest_entropy : float
        As `eegwarn.autolabel.bilevel.BilevelConfig` has them.
    """
    if agreement < 0.5:
        return "inversion"
    marked = noisy[noisy != UNKNOWN].float()
    share = float(marked.mean()) if len(marked) else 0.0
    mean = float(label.mean())
    if mean < smallest_share * share or 1 - mean < smallest_share * (1 - share):
        return "collapse"
    floor = smallest_entropy * float(entropy(start).mean())
    return "saturation" if float(entropy(label).mean()) < floor else ""


def heard(fault: Fault, total: Total) -> Fault:
    """Let a safeguard that speaks in one process speak in all: rounding may set apart what they are told."""
    names: tuple[Fault, ...] = get_args(Fault)
    (voices,) = total([torch.tensor([fault == name != "" for name in names], dtype=torch.float32)])
    spoken = [name for name, n in zip(names, voices.tolist(), strict=True) if n]
    return spoken[0] if spoken else ""
