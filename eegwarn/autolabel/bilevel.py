"""One training step on corrected labels, with or without a step of the corrector that makes them.

The lower level trains the backbone on the corrector's labels; the upper level moves the corrector to where the
backbone's next step does the known windows most good (Zhang, Gao, Guo, Duan and Nikolenko, arXiv 2310.06059, after
Zheng, Awadallah and Dumais, AAAI 2021). Everything that lasts from step to step is in two modules and two optimisers.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.autolabel.corrector import UNKNOWN, Corrector, Evidence
from eegwarn.autolabel.hypergradient import Derivative, label_gradient, look_ahead
from eegwarn.errors import ConfigError

Fault = Literal["", "inversion", "collapse", "saturation", "not finite"]


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
    """Windows whose labels are to be corrected: signal (n, n_channels, n_times) in µV, and the corrector's evidence."""

    eeg_uv: Tensor
    evidence: Evidence


@dataclass(frozen=True)
class KnownWindows:
    """Windows whose labels are known: as `NoisyWindows`, and ``known``, 0 or 1, float of shape (n,)."""

    eeg_uv: Tensor
    evidence: Evidence
    known: Tensor


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


def corrector_optimiser(corrector: Corrector, config: BilevelConfig) -> torch.optim.Adam:
    """Make the optimiser for a corrector."""
    return torch.optim.Adam(corrector.parameters(), config.learning_rate)


def corrected_logit(corrector: Corrector, evidence: Evidence, config: BilevelConfig) -> Tensor:
    """Give the log-odds of the labels that the backbone learns from, shape (n,)."""
    logit: Tensor = corrector(evidence) if config.meta else corrector.start(evidence)
    return logit / config.temperature


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
        Chooses which labels are hidden, and which are differentiated.
    """
    hidden = torch.from_numpy(rng.random(len(noisy.eeg_uv)) < config.label_dropout).to(noisy.eeg_uv.device)
    evidence = noisy.evidence.without(hidden)
    turn = config.meta and step % config.meta_every == 0
    with torch.set_grad_enabled(turn):
        corrected = corrected_logit(corrector, evidence, config)
    with torch.no_grad():
        start = corrector.start(evidence) / config.temperature
        agreement = _agreement(corrector, (clean, held), config)
        fault = _fault(corrected, start, noisy.evidence.label, min(agreement), config)
        label = torch.sigmoid(start if fault else corrected)
    loss, logit, clip = _backward(network, optimiser, noisy.eeg_uv, label, clean, config.clean_weight, largest_gradient)
    ahead = look_ahead(optimiser, clip=clip) if turn and not fault else None
    optimiser.step()
    report = StepReport(loss, float(_entropy(label).mean()), float(label.mean()), agreement[0], fault)
    if not turn:
        return report
    # The divergence of the corrected labels from those of the start, but for what does not depend on the corrector.
    anchor = binary_cross_entropy_with_logits(corrected, torch.sigmoid(start))
    if ahead is None:
        _descend(meta_optimiser, anchor)
        return report
    n_rows = max(1, round(config.derivative_share * len(label)))
    rows = torch.from_numpy(np.sort(rng.permutation(len(label))[:n_rows])).to(logit.device)
    meta_loss = binary_cross_entropy_with_logits(network(held.eeg_uv), held.known)
    gradient = label_gradient(
        network,
        noisy.eeg_uv[rows],
        logit[rows],
        ahead,
        torch.autograd.grad(meta_loss, ahead.weights),
        batch_size=len(label),
        derivative=config.derivative,
    )
    size = float(gradient.abs().mean())
    if not math.isfinite(size):
        return replace(report, fault="not finite")
    _descend(meta_optimiser, (torch.sigmoid(corrected[rows]) * _push(gradient, config)).mean() + config.anchor * anchor)
    up = float((gradient > 0).float().mean())
    return replace(report, meta_loss=float(meta_loss.detach()), same_way=max(up, 1 - up), derivative=size)


def _backward(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    noisy_uv: Tensor,
    label: Tensor,
    clean: KnownWindows,
    clean_weight: float,
    largest_gradient: float,
) -> tuple[float, Tensor, Tensor]:
    """Leave the gradients of one step; give its loss, the noisy windows' logits, and how much was shortened."""
    logit = network(torch.cat([noisy_uv, clean.eeg_uv]))  # (n_noisy + n_clean,)
    noisy_logit, clean_logit = logit[: len(label)], logit[len(label) :]
    loss = binary_cross_entropy_with_logits(noisy_logit, label)
    loss = loss + clean_weight * binary_cross_entropy_with_logits(clean_logit, clean.known)
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(network.parameters(), largest_gradient)
    return float(loss.detach()), noisy_logit.detach(), (largest_gradient / (norm + 1e-6)).clamp(max=1.0)


def _push(gradient: Tensor, config: BilevelConfig) -> Tensor:
    push = gradient - gradient.mean() if config.centred else gradient
    if config.scaled:
        return push / push.abs().mean().clamp_min(torch.finfo(push.dtype).tiny)
    return push * len(push)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    optimiser.step()


def _entropy(p: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(p) + torch.special.entr(1 - p)
    return entropy


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

    def balanced(found: Tensor) -> float:
        right = [float((found == known)[of_class].float().mean()) for of_class in (known, ~known) if of_class.any()]
        return sum(right) / len(right)

    return balanced(told), balanced(untold)


def _fault(corrected: Tensor, start: Tensor, noisy: Tensor, agreement: float, config: BilevelConfig) -> Fault:
    if not config.safeguards or not config.meta:
        return ""
    if agreement < 0.5:
        return "inversion"
    label, marked = torch.sigmoid(corrected), noisy[noisy != UNKNOWN].float()
    share = float(marked.mean()) if len(marked) else 0.0
    mean = float(label.mean())
    if mean < config.smallest_share * share or 1 - mean < config.smallest_share * (1 - share):
        return "collapse"
    floor = config.smallest_entropy * float(_entropy(torch.sigmoid(start)).mean())
    return "saturation" if float(_entropy(label).mean()) < floor else ""
