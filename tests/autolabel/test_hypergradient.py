"""The gradient by the labels equals that of a training step kept whole in the graph."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.autolabel.hypergradient import Derivative, label_gradient, look_ahead
from eegwarn.backbones.lstm import LSTM, LSTMConfig
from eegwarn.backbones.resnet import ResNet, ResNetConfig
from eegwarn.errors import ConfigError

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
OPTIMISERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "sgd": lambda net: torch.optim.SGD(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY),
    "dampened": lambda net: torch.optim.SGD(net.parameters(), LEARNING_RATE, momentum=0.9, dampening=0.3),
    "nesterov": lambda net: torch.optim.SGD(net.parameters(), LEARNING_RATE, momentum=0.9, nesterov=True),
    "adam": lambda net: torch.optim.Adam(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY),
    "adamw": lambda net: torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY),
}


def make_network(kind: str) -> nn.Module:
    torch.manual_seed(1)
    if kind == "resnet":
        return ResNet(ResNetConfig(n_channels=3, widths=(8, 16))).double()
    return LSTM(LSTMConfig(n_channels=3, widths=(8, 8), hidden=5)).double()


def draw(n_windows: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    eeg_uv = 40 * torch.randn(n_windows, 3, 64, dtype=torch.float64, generator=generator)
    return eeg_uv, torch.rand(n_windows, dtype=torch.float64, generator=generator)


def warmed(kind: str, name: str, n_steps: int = 4) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = make_network(kind)
    optimiser = OPTIMISERS[name](network)
    for step in range(n_steps):
        eeg_uv, label = draw(8, 100 + step)
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(eeg_uv), label).backward()
        optimiser.step()
    return network, optimiser


def unrolled_step(weight: Tensor, gradient: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    """One step of each optimiser as its documentation has it, for autograd to go through."""
    if name in ("sgd", "adam"):
        gradient = gradient + WEIGHT_DECAY * weight
    if name == "sgd":
        return weight - LEARNING_RATE * gradient
    if name in ("dampened", "nesterov"):
        share = 0.7 if name == "dampened" and "momentum_buffer" in state else 1.0
        momentum = 0.9 * state.get("momentum_buffer", torch.zeros_like(weight)) + share * gradient
        return weight - LEARNING_RATE * (gradient + 0.9 * momentum if name == "nesterov" else momentum)
    if name == "adamw":
        weight = weight * (1 - LEARNING_RATE * WEIGHT_DECAY)
    n_steps = float(state["step"]) + 1
    mean = (0.9 * state["exp_avg"] + 0.1 * gradient) / (1 - 0.9**n_steps)
    square = (0.999 * state["exp_avg_sq"] + 0.001 * gradient**2) / (1 - 0.999**n_steps)
    # The root has no derivative at 0, where a weight never had a gradient; there it does not move.
    root = torch.sqrt(torch.where(square > 0, square, torch.ones_like(square)))
    return weight - LEARNING_RATE * torch.where(square > 0, mean / (root + 1e-8), torch.zeros_like(mean))


def unrolled(
    network: nn.Module, optimiser: torch.optim.Optimizer, name: str, label: Tensor, clip: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Gradient of the clean loss after one step by the labels, and the weights after the step."""
    noisy_uv, clean_uv, known = draw(8, 0)[0], *draw(6, 1)
    label = label.clone().requires_grad_()
    weights = {key: weight.detach().clone().requires_grad_() for key, weight in network.named_parameters()}
    loss = binary_cross_entropy_with_logits(functional_call(network, weights, (noisy_uv,)), label)
    gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    after = {
        key: unrolled_step(weights[key], clip * gradient, optimiser.state.get(parameter, {}), name)
        for (key, parameter), gradient in zip(network.named_parameters(), gradients, strict=True)
    }
    clean_loss = binary_cross_entropy_with_logits(functional_call(network, after, (clean_uv,)), known)
    return torch.autograd.grad(clean_loss, label)[0], after


def quick(
    network: nn.Module, optimiser: torch.optim.Optimizer, label: Tensor, clip: float, derivative: Derivative
) -> Tensor:
    """The same by the module's own road; the network has taken its step afterwards."""
    dtype = next(network.parameters()).dtype
    noisy_uv, clean_uv, known, label = (part.to(dtype) for part in (draw(8, 0)[0], *draw(6, 1), label))
    optimiser.zero_grad()
    logit = network(noisy_uv)
    binary_cross_entropy_with_logits(logit, label).backward()
    for weight in network.parameters():
        weight.grad *= clip
    step = look_ahead(optimiser, clip=clip)
    optimiser.step()
    clean_loss = binary_cross_entropy_with_logits(network(clean_uv), known)
    clean_gradient = torch.autograd.grad(clean_loss, step.weights)
    return label_gradient(network, noisy_uv, logit, step, clean_gradient, batch_size=8, derivative=derivative)


def relative_error(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("kind", ["resnet", "lstm"])
@pytest.mark.parametrize("name", sorted(OPTIMISERS))
def test_the_gradient_equals_the_unrolled_one(kind: str, name: str) -> None:
    network, optimiser = warmed(kind, name)
    label = draw(8, 0)[1]
    wanted, after = unrolled(network, optimiser, name, label, 1.0)
    found = quick(network, optimiser, label, 1.0, "exact")
    assert relative_error(found, wanted) <= 1e-6
    for key, weight in network.named_parameters():  # so the unrolled step is the optimiser's own
        torch.testing.assert_close(weight.detach(), after[key].detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["dampened", "nesterov"])
def test_the_first_step_of_momentum_is_not_dampened(name: str) -> None:
    network, optimiser = warmed("resnet", name, n_steps=0)
    label = draw(8, 0)[1]
    wanted, _ = unrolled(network, optimiser, name, label, 1.0)
    assert relative_error(quick(network, optimiser, label, 1.0, "exact"), wanted) <= 1e-6


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_weights_that_started_to_learn_later_count_their_own_steps(name: str) -> None:
    network = make_network("resnet")
    optimiser = OPTIMISERS[name](network)
    for step in range(4):
        network.stem.requires_grad_(step > 1)
        eeg_uv, label = draw(8, 100 + step)
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(eeg_uv), label).backward()
        optimiser.step()
    label = draw(8, 0)[1]
    wanted, _ = unrolled(network, optimiser, name, label, 1.0)
    assert relative_error(quick(network, optimiser, label, 1.0, "exact"), wanted) <= 1e-6


def test_shortened_gradients_count_as_such() -> None:
    network, optimiser = warmed("resnet", "adamw")
    label = draw(8, 0)[1]
    wanted, _ = unrolled(network, optimiser, "adamw", label, 0.25)
    assert relative_error(quick(network, optimiser, label, 0.25, "exact"), wanted) <= 1e-6


@pytest.mark.parametrize("kind", ["resnet", "lstm"])
@pytest.mark.parametrize(("derivative", "bound"), [("one-sided", 1e-4), ("central", 1e-6)])
def test_differences_come_near(kind: str, derivative: Derivative, bound: float) -> None:
    network, optimiser = warmed(kind, "adamw")
    twin, twin_optimiser = copy.deepcopy((network, optimiser))
    label = draw(8, 0)[1]
    wanted = quick(twin, twin_optimiser, label, 1.0, "exact")
    assert relative_error(quick(network, optimiser, label, 1.0, derivative), wanted) <= bound


@pytest.mark.parametrize("kind", ["resnet", "lstm"])
@pytest.mark.parametrize("derivative", ["auto", "exact", "one-sided", "central"])
def test_single_precision_is_enough(kind: str, derivative: Derivative) -> None:
    label = draw(8, 0)[1]
    wanted, found = (
        quick(network, OPTIMISERS["nesterov"](network), label, 1.0, how)
        for network, how in ((make_network(kind), "exact"), (make_network(kind).float(), derivative))
    )
    assert relative_error(found.double(), wanted) < 0.01


def test_nothing_is_changed() -> None:
    network, optimiser = warmed("lstm", "adamw")
    eeg_uv, label = draw(8, 0)
    optimiser.zero_grad()
    logit = network(eeg_uv)
    binary_cross_entropy_with_logits(logit, label).backward()
    before = copy.deepcopy((network.state_dict(), optimiser.state_dict()))
    gradient = [weight.grad.clone() for weight in network.parameters()]
    step = look_ahead(optimiser)
    for derivative in ("exact", "one-sided", "central"):
        label_gradient(network, eeg_uv, logit, step, gradient, batch_size=8, derivative=derivative)
    torch.testing.assert_close((network.state_dict(), optimiser.state_dict()), before, rtol=0, atol=0)
    torch.testing.assert_close([weight.grad for weight in network.parameters()], gradient, rtol=0, atol=0)
    assert torch.backends.mkldnn.enabled


def test_a_weight_without_a_gradient_stands_still() -> None:
    network, optimiser = warmed("resnet", "adamw")
    network.stem.requires_grad_(False)
    label = draw(8, 0)[1]
    optimiser.zero_grad()
    noisy_uv, clean_uv, known = draw(8, 0)[0], *draw(6, 1)
    logit = network(noisy_uv)
    binary_cross_entropy_with_logits(logit, label).backward()
    step = look_ahead(optimiser)
    assert not any(weight is network.stem.weight for weight in step.weights)
    optimiser.step()
    clean_gradient = torch.autograd.grad(binary_cross_entropy_with_logits(network(clean_uv), known), step.weights)
    found = label_gradient(network, noisy_uv, logit, step, clean_gradient, batch_size=8)
    assert torch.isfinite(found).all()
    assert float(found.abs().max()) > 0


@pytest.mark.parametrize("kind", ["resnet", "lstm"])
def test_no_way_down_gives_no_gradient(kind: str) -> None:
    network, optimiser = warmed(kind, "adamw")
    eeg_uv, label = draw(8, 0)
    optimiser.zero_grad()
    logit = network(eeg_uv)
    binary_cross_entropy_with_logits(logit, label).backward()
    step = look_ahead(optimiser)
    level = [torch.zeros_like(weight) for weight in step.weights]
    found = label_gradient(network, eeg_uv, logit, step, level, batch_size=8, derivative="one-sided")
    torch.testing.assert_close(found, torch.zeros_like(found), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("optimiser", "message"),
    [
        (lambda weights: torch.optim.RMSprop(weights), "RMSprop"),
        (lambda weights: torch.optim.Adam(weights, amsgrad=True), "amsgrad"),
    ],
)
def test_an_optimiser_whose_step_is_not_known_is_refused(
    optimiser: Callable[[list[nn.Parameter]], torch.optim.Optimizer], message: str
) -> None:
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    with pytest.raises(ConfigError, match=message):
        look_ahead(optimiser([weight]))
