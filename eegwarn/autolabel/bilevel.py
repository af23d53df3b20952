"""One training step on corrected labels, with or without a step of the corrector that makes them.

The lower level trains the backbone on the corrector's labels; the upper level moves the corrector to where the
backbone's next step does the known windows most good (Zhang, Gao, Guo, Duan and Nikolenko, arXiv 2310.06059, after
Zheng, Awadallah and Dumais, AAAI 2021). Everything that lasts from step to step is in two modules and two optimisers.

Several processes can take one step together (`meta_step`, ``total``). What goes through the backbone is shared out by
rows: the step's gradient, the gradient on the held windows, the derivative along the step. The corrector sees vectors,
not signal: every process has it judge the whole batch, and takes its own rows' part of its gradient. Whatever decides
is added up first, so that all stay together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.autolabel.corrector import Corrector, Evidence
from eegwarn.autolabel.hypergradient import Derivative, label_gradient, look_ahead
from eegwarn.autolabel.safeguards import Fault, Total, balanced_accuracy, entropy, fault_of_labels, heard
from eegwarn.errors import ConfigError


@dataclass(frozen=True)
class BilevelConfig:
    """How labels are corrected while a network learns from them.

    Parameters
    ----------
    meta : bool
        Whether the corrector learns. If not, its start stands in for it and all else is the same: the control.
    learning_rate : float
        Of the corrector, whose optimiser is Adam.
    meta_every : int
        The corrector takes one step in so many.
    derivative : {"auto", "exact", "one-sided", "central"}
        How logits are differentiated along the step; ``auto`` is exact where torch can do that quickly, else central.
        A one-sided difference costs one forward pass and is within 1 % of the exact derivative.
    derivative_share : float
        Share of the noisy windows whose labels are differentiated, drawn anew in each step.
    scaled : bool
        Divide the labels' gradient by its mean magnitude, so that Adam's epsilon does not matter.
    centred : bool
        Take the mean from the labels' gradient, so that no step only says "more seizures" or "fewer".
    temperature : float
        Corrected log-odds are divided by it before they become labels: below 1 sharpens. The same with and without the
        meta step.
    label_dropout : float
        Share of the noisy labels that are hidden from the corrector, so that it also learns to do without.
    clean_weight : float
        Weight of the cross entropy on known windows beside that on corrected labels.
    anchor : float
        Weight of the divergence of the labels from those of the untrained corrector, beside the (scaled) meta loss.
    safeguards : bool
        Whether labels that collapse, turn over or saturate are noticed; see `meta_step`.
    smallest_share : float
        Safeguard: a class collapses where its mean probability falls below this share of its noisy labels.
    smallest_entropy : float
        Safeguard: labels saturate where their mean entropy falls below this share of the untrained corrector's.
    """

    meta: bool = True
    learning_rate: float = 1e-3
    meta_every: int = 1
    derivative: Derivative = "one-sided"
    derivative_share: float = 1.0
    scaled: bool = True
    centred: bool = False
    temperature: float = 0.7
    label_dropout: float = 0.1
    clean_weight: float = 1.0
    anchor: float = 0.1
    safeguards: bool = True
    smallest_share: float = 0.25
    smallest_entropy: float = 0.1

    def __post_init__(self) -> None:
        if self.derivative not in get_args(Derivative):
            allowed = ", ".join(get_args(Derivative))
            raise ConfigError(f"bilevel.derivative must be one of {allowed}, but got {self.derivative!r}.")
        if self.meta_every < 1:
            raise ConfigError(f"bilevel.meta_every must be at least 1, but got {self.meta_every}.")
        if not (self.learning_rate > 0 and self.temperature > 0):
            raise ConfigError(
                f"bilevel.learning_rate and .temperature must be above 0, but got {self.learning_rate} and "
                f"{self.temperature}."
            )
        if not (0 < self.derivative_share <= 1 and 0 <= self.label_dropout < 1):
            raise ConfigError(
                "bilevel.derivative_share must be above 0 and at most 1, .label_dropout at least 0 and below 1, "
                f"but got {self.derivative_share} and {self.label_dropout}."
            )
        if not (self.clean_weight >= 0 and self.anchor >= 0):
            raise ConfigError(
                f"bilevel.clean_weight and .anchor must be at least 0, but got {self.clean_weight} and {self.anchor}."
            )
        if not (0 <= self.smallest_share < 1 and 0 <= self.smallest_entropy < 1):
            raise ConfigError(
                "bilevel.smallest_share and .smallest_entropy must be at least 0 and below 1, but got "
                f"{self.smallest_share} and {self.smallest_entropy}."
            )


@dataclass(frozen=True)
class NoisyWindows:
    """Windows whose labels are to be corrected: signal (n, n_channels, n_times) in µV, and the corrector's evidence.

    With several processes ``eeg_uv`` holds the rows ``here`` alone, and the evidence all.
    """

    eeg_uv: Tensor
    evidence: Evidence
    here: slice = field(default_factory=lambda: slice(None))


@dataclass(frozen=True)
class KnownWindows:
    """Windows whose labels are known: as `NoisyWindows`, and ``known``, 0 or 1, float of shape (n,)."""

    eeg_uv: Tensor
    evidence: Evidence
    known: Tensor
    here: slice = field(default_factory=lambda: slice(None))


@dataclass(frozen=True)
class StepReport:
    """What a step did.

    Parameters
    ----------
    loss : float
        On corrected and known labels, before the step.
    label_entropy, label_mean : float
        Of the labels learned from, in nats and as a probability.
    agreement : float
        Balanced accuracy of the corrected labels on the known windows.
    fault : {"", "inversion", "collapse", "saturation", "not finite"}
        What was wrong with the corrector's labels or, the last, with their gradient.
    meta_loss : float
        On the windows held for it, after the step; this and the next two are NaN where no gradient was followed.
    same_way : float
        Share of the labels that are pushed the way that most are; 1 says "shift them all".
    derivative : float
        Mean magnitude of the gradient of ``meta_loss`` by a label.
    """

    loss: float
    label_entropy: float
    label_mean: float
    agreement: float
    fault: Fault
    meta_loss: float = math.nan
    same_way: float = math.nan
    derivative: float = math.nan


def _alone(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    return tensors


def corrector_optimiser(corrector: Corrector, config: BilevelConfig) -> torch.optim.Adam:
    """Make the optimiser for a corrector."""
    return torch.optim.Adam(corrector.parameters(), config.learning_rate)


def corrected_logit(corrector: Corrector, evidence: Evidence, config: BilevelConfig) -> Tensor:
    """Give the log-odds of the labels that the backbone learns from, shape (n,)."""
    logit: Tensor = corrector(evidence) if config.meta else corrector.start(evidence)
    return logit / config.temperature


def part_of_cross_entropy(logit: Tensor, target: Tensor, n_rows: int) -> Tensor:
    """Give what these rows add to the mean cross entropy over a batch of ``n_rows``; 0 if there are none."""
    if not len(logit):
        return logit.sum()
    return binary_cross_entropy_with_logits(logit, target) * (len(logit) / n_rows)


def meta_step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    corrector: Corrector,
    meta_optimiser: torch.optim.Optimizer,
    *,
    noisy: NoisyWindows,
    clean: KnownWindows,
    held: KnownWindows,
    config: BilevelConfig,
    step: int,
    largest_gradient: float,
    rng: np.random.Generator,
    total: Total = _alone,
) -> StepReport:
    """Take one step of the backbone, and of the corrector when it is its turn.

    The backbone's is an ordinary step on the corrected labels, taken as constants. The corrector's follows the
    gradient of the loss on ``held`` after that step. If a safeguard speaks, the backbone learns from the labels of the
    untrained corrector instead, and the corrector is drawn towards those.

    Parameters
    ----------
    network : nn.Module
        Gives logits of shape (n,); no BatchNorm and no dropout. Adam should have some steps behind it: its first has
        no slope to learn from.
    optimiser : torch.optim.Optimizer
        The network's: SGD, Adam or AdamW, with the learning rate of this step.
    corrector, meta_optimiser : Corrector, torch.optim.Optimizer
        As `corrector_optimiser` makes it.
    noisy, clean, held : NoisyWindows, KnownWindows, KnownWindows
        Batches: to correct, to learn from as they are, and to judge the step by. Both classes in the last two.
    config : BilevelConfig
        How.
    step : int
        Steps done before; says whose turn it is.
    largest_gradient : float
        Longer gradients of the network are shortened to this norm.
    rng : numpy.random.Generator
        Chooses which labels are hidden, and which are differentiated; the same in all processes.
    total : callable, optional
        Of the processes that take this step together, each with all evidence and the signal of some rows.
    """
    n_noisy = len(noisy.evidence.label)
    hidden = torch.from_numpy(rng.random(n_noisy) < config.label_dropout).to(noisy.eeg_uv.device)
    evidence = noisy.evidence.without(hidden)
    turn = config.meta and step % config.meta_every == 0
    with torch.set_grad_enabled(turn):
        corrected = corrected_logit(corrector, evidence, config)
    with torch.no_grad():
        start = corrector.start(evidence) / config.temperature
        agreement = _agreement(corrector, (clean, held), config)
        fault = heard(_fault(corrected, start, noisy.evidence.label, min(agreement), config), total)
        label = torch.sigmoid(start if fault else corrected)
    optimiser.zero_grad()
    loss, logit = _backward(network, noisy, label, clean, config.clean_weight, total)
    norm = nn.utils.clip_grad_norm_(network.parameters(), largest_gradient)
    clip = (largest_gradient / (norm + 1e-6)).clamp(max=1.0)
    ahead = look_ahead(optimiser, clip=clip) if turn and not fault else None
    optimiser.step()
    report = StepReport(loss, float(entropy(label).mean()), float(label.mean()), agreement[0], fault)
    if not turn:
        return report
    # The divergence of the corrected labels from those of the start, but for what does not depend on the corrector.
    anchor = part_of_cross_entropy(corrected[noisy.here], torch.sigmoid(start)[noisy.here], n_noisy)
    if ahead is None:
        _descend(corrector, meta_optimiser, anchor, total)
        return report
    n_rows = max(1, round(config.derivative_share * n_noisy))
    rows = torch.from_numpy(np.sort(rng.permutation(n_noisy)[:n_rows])).to(logit.device)
    begin, end, _ = noisy.here.indices(n_noisy)
    own = (rows >= begin) & (rows < end)  # (n_rows,)
    meta_loss = part_of_cross_entropy(network(held.eeg_uv), held.known[held.here], len(held.known))
    *held_gradient, meta_loss = total([*torch.autograd.grad(meta_loss, ahead.weights), meta_loss.detach()])
    gradient = torch.zeros(n_rows, dtype=logit.dtype, device=logit.device)
    gradient[own] = label_gradient(
        network,
        noisy.eeg_uv[rows[own] - begin],
        logit[rows[own] - begin],
        ahead,
        held_gradient,
        batch_size=n_noisy,
        derivative=config.derivative,
    )
    (gradient,) = total([gradient])
    size = float(gradient.abs().mean())
    if not math.isfinite(size):
        return replace(report, fault="not finite")
    pushed = (torch.sigmoid(corrected[rows]) * _push(gradient, config))[own]
    moved = pushed.mean() * (len(pushed) / n_rows) if len(pushed) else pushed.sum()
    _descend(corrector, meta_optimiser, moved + config.anchor * anchor, total)
    up = float((gradient > 0).float().mean())
    return replace(report, meta_loss=float(meta_loss), same_way=max(up, 1 - up), derivative=size)


def _backward(
    network: nn.Module, noisy: NoisyWindows, label: Tensor, clean: KnownWindows, clean_weight: float, total: Total
) -> tuple[float, Tensor]:
    """Leave the gradients of one step over all processes; give its loss, and the logits of this one's noisy windows."""
    logit = network(torch.cat([noisy.eeg_uv, clean.eeg_uv]))  # (n_noisy_here + n_clean_here,)
    noisy_logit, clean_logit = logit[: len(noisy.eeg_uv)], logit[len(noisy.eeg_uv) :]
    loss = part_of_cross_entropy(noisy_logit, label[noisy.here], len(label))
    loss = loss + clean_weight * part_of_cross_entropy(clean_logit, clean.known[clean.here], len(clean.known))
    torch.autograd.backward(loss)
    (loss,) = _add_up(network, total, loss.detach())
    return float(loss), noisy_logit.detach()


def _add_up(module: nn.Module, total: Total, *others: Tensor) -> Sequence[Tensor]:
    """Add up the gradients of a module over the processes, in place, and whatever else, which is given back."""
    weights = [weight for weight in module.parameters() if weight.grad is not None]
    sums = total([*(weight.grad for weight in weights if weight.grad is not None), *others])
    for weight, gradient in zip(weights, sums, strict=False):
        weight.grad = gradient
    return sums[len(weights) :]


def _push(gradient: Tensor, config: BilevelConfig) -> Tensor:
    push = gradient - gradient.mean() if config.centred else gradient
    if config.scaled:
        return push / push.abs().mean().clamp_min(torch.finfo(push.dtype).tiny)
    return push * len(push)


def _descend(module: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, total: Total) -> None:
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    _add_up(module, total)
    optimiser.step()


def _agreement(corrector: Corrector, batches: tuple[KnownWindows, ...], config: BilevelConfig) -> tuple[float, float]:
    """Balanced accuracy of the corrected labels on known windows, told the noisy labels and not told them."""
    known = torch.cat([batch.known for batch in batches]) > 0.5
    told, untold = (
        torch.cat([corrected_logit(corrector, evidence, config) > 0 for evidence in each])
        for each in (
            [batch.evidence for batch in batches],
            [batch.evidence.unlabelled() for batch in batches],
        )
    )
    return balanced_accuracy(told, known), balanced_accuracy(untold, known)


def _fault(corrected: Tensor, start: Tensor, noisy: Tensor, agreement: float, config: BilevelConfig) -> Fault:
    if not config.safeguards or not config.meta:
        return ""
    return fault_of_labels(
        torch.sigmoid(corrected),
        torch.sigmoid(start),
        noisy,
        agreement,
        smallest_share=config.smallest_share,
        smallest_entropy=config.smallest_entropy,
    )
