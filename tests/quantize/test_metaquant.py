"""The gradient of phi is the right one, the controls are what they claim, and a saved state goes on exactly."""

import copy
from collections.abc import Callable
from math import nan

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import parametrize

from eegwarn.errors import ConfigError, ModelError
from eegwarn.quantize import MetaQuantConfig, Quantized, baked, metaquant_step, quantize_network
from eegwarn.quantize.metaquant import refine
from eegwarn.quantize.penetrate import MetaKind, new_penetration
from eegwarn.quantize.weights import plain_name, quantized_weights

LEARNED: tuple[MetaKind, ...] = ("fcgrad", "multifc", "lstmfc")


class SmallConv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, (1, 3))
        self.middle = nn.Conv2d(4, 4, (1, 3))
        self.head = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        middle = torch.tanh(self.middle(torch.tanh(self.conv(x.unsqueeze(2)))))
        return self.head(middle.mean(dim=(2, 3))).squeeze(1)


class SmallLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.recurrent(x.transpose(1, 2))
        return self.head(states.mean(dim=1)).squeeze(1)


NETWORKS: tuple[Callable[[], nn.Module], ...] = (SmallConv, SmallLSTM)


def small(make: Callable[[], nn.Module], dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(5)
    return make().to(dtype)


def batch(step: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    drawn = torch.randn(8, 3, 12, generator=torch.Generator().manual_seed(step), dtype=dtype)
    label = (drawn.mean(dim=(1, 2)) > 0).to(dtype)
    return drawn, lambda logit: binary_cross_entropy_with_logits(logit, label)


def quantized(make: Callable[[], nn.Module], config: MetaQuantConfig) -> Quantized:
    """A quantised network with a phi that is not the identity any more."""
    training = quantize_network(small(make), config, seed=1)
    for parameter in training.meta.parameters():
        parameter.data += 0.3 * torch.randn(
            parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()), dtype=torch.float64
        )
    return training


def take_steps(training: Quantized, first: int, last: int, dtype: torch.dtype = torch.float64) -> list[float]:
    return [metaquant_step(training, *batch(step, dtype), step=step) for step in range(first, last)]


@pytest.mark.parametrize("refinement", ["adam", "sgd"])
@pytest.mark.parametrize("meta", LEARNED)
@pytest.mark.parametrize("make", NETWORKS)
def test_the_gradient_of_phi_is_that_of_the_loss_through_the_move(
    make: Callable[[], nn.Module], meta: MetaKind, refinement: str
) -> None:
    config = MetaQuantConfig(
        quantizer="bwn",
        meta=meta,
        hidden=5,
        refinement=refinement,  # type: ignore[arg-type]
        learning_rate=0.05,
        largest_gradient=1e9,
    )
    training = quantized(make, config)
    take_steps(training, 0, 3)
    before, phi_before = quantize_network(small(make), config, seed=1).network, copy.deepcopy(training.meta)
    with torch.no_grad():
        before.load_state_dict(training.network.state_dict())
    (x, loss_of) = batch(3)
    seen: dict[str, Tensor] = {}
    optimiser = training.optimisers["phi"]
    optimiser.register_step_pre_hook(
        lambda *_: seen.update(
            {name: p.grad.clone() for name, p in training.meta.named_parameters() if p.grad is not None}
        )
    )
    metaquant_step(training, x, loss_of, step=3)

    # By hand: the gradient of the loss by the quantised weights, taken through M as it was, held fixed.
    weights, parameters = quantized_weights(before), dict(before.named_parameters())

    def moved(phi: nn.Module) -> dict[str, Tensor]:
        return {
            name: refine(weight, parameters[name].detach(), phi, config, rate=config.learning_rate, n_gradients=3).r
            for name, weight in weights.items()
        }

    by_weight = gradient_by_moved_weights(before, phi_before, moved(phi_before), make, x, loss_of, config)
    largest = max(float(gradient.abs().max()) for gradient in seen.values())
    assert largest > 0
    for name, parameter in phi_before.named_parameters():
        flat = parameter.data.view(-1)
        for place in range(0, flat.numel(), max(1, flat.numel() // 7)):
            differences = []
            for sign in (1, -1):
                flat[place] += sign * 1e-6
                with torch.no_grad():
                    after = moved(phi_before)
                flat[place] -= sign * 1e-6
                differences.append(sum((by_weight[each] * after[each]).sum() for each in after))
            expected = float(differences[0] - differences[1]) / 2e-6
            assert abs(float(seen[name].view(-1)[place]) - expected) <= 1e-6 * largest + 1e-12, (name, place)


def gradient_by_moved_weights(
    network: nn.Module,
    meta: nn.Module,
    moved: dict[str, Tensor],
    make: Callable[[], nn.Module],
    x: Tensor,
    loss_of: Callable[[Tensor], Tensor],
    config: MetaQuantConfig,
) -> dict[str, Tensor]:
    weights = quantized_weights(network)
    plain = make().to(torch.float64)
    values = dict(baked(network))
    values |= {plain_name(name): weights[name].quantizer.quantize(r.detach()) for name, r in moved.items()}
    plain.load_state_dict(values)
    loss_of(plain(x)).backward()
    by_q = {name: parameter.grad for name, parameter in plain.named_parameters()}
    through = {}
    for name, r in moved.items():
        weight = weights[name]
        now = refine(weight, dict(network.named_parameters())[name].detach(), meta, config, rate=1.0, n_gradients=3)
        approached, slope = weight.quantizer.approach(r.detach())
        with torch.no_grad():
            gradient, _ = meta(by_q[plain_name(name)], approached, now.memory)
        through[name] = gradient * slope
    return through


@pytest.mark.parametrize("meta", LEARNED)
def test_a_learned_rule_begins_as_the_identity_and_keeps_the_sign(meta: MetaKind) -> None:
    gradient, approached = torch.randn(6, 7), torch.rand(6, 7)
    memory = torch.zeros(2, 42, 8) if meta == "lstmfc" else torch.zeros(0, 0, 8)
    rule = new_penetration(meta, 8, seed=0)
    assert torch.equal(rule(gradient, approached, memory)[0], gradient)
    for parameter in rule.parameters():
        parameter.data += 10 * torch.randn_like(parameter)
    through, _ = rule(gradient, approached, memory)
    assert not torch.equal(through, gradient)
    assert torch.equal(torch.sign(through), torch.sign(gradient))


@pytest.mark.parametrize("meta", LEARNED)
def test_phi_learns(meta: MetaKind) -> None:
    training = quantize_network(small(SmallConv, torch.float32), MetaQuantConfig(meta=meta), seed=0)
    before = copy.deepcopy(training.meta.state_dict())
    take_steps(training, 0, 4, torch.float32)
    assert all(not torch.equal(value, before[name]) for name, value in training.meta.state_dict().items())


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("refinement", ["adam", "sgd"])
def test_the_straight_through_control_is_torchs_optimiser_on_the_latent_weights(
    make: Callable[[], nn.Module], refinement: str
) -> None:
    config = MetaQuantConfig(meta="ste", bits=2, refinement=refinement, learning_rate=0.01, largest_gradient=1e9)  # type: ignore[arg-type]
    training, reference = (quantize_network(small(make), config, seed=0) for _ in range(2))
    latent = [dict(reference.network.named_parameters())[name] for name in quantized_weights(reference.network)]
    optimiser = torch.optim.Adam(latent, 0.01) if refinement == "adam" else torch.optim.SGD(latent, 0.01, momentum=0.9)
    for step in range(6):
        x, loss_of = batch(step)
        loss = metaquant_step(training, x, loss_of, step=step)
        if step:  # the move of the last step is made at the beginning of the next
            optimiser.step()
        for each in (optimiser, reference.optimisers["others"]):
            each.zero_grad()
        with parametrize.cached():
            expected = loss_of(reference.network(x))
        expected.backward()
        reference.optimisers["others"].step()
        assert abs(loss - float(expected.detach())) < 1e-6  # Adam's epsilon lies elsewhere


def test_m_frozen_at_one_is_the_straight_through_estimator_where_nothing_is_clipped() -> None:
    losses = [
        take_steps(quantize_network(small(SmallConv), MetaQuantConfig(meta=meta), seed=0), 0, 5)
        for meta in ("ones", "ste")
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("meta", [*LEARNED, "ones"])
@pytest.mark.parametrize("make", NETWORKS)
def test_a_state_that_was_saved_goes_on_bit_for_bit(make: Callable[[], nn.Module], meta: MetaKind) -> None:
    config = MetaQuantConfig(meta=meta, quantizer="ternary", bits=2)
    unbroken = quantize_network(small(make, torch.float32), config, seed=0)
    take_steps(unbroken, 0, 3, torch.float32)
    resumed = quantize_network(small(make, torch.float32), config, seed=9)
    with torch.no_grad():
        resumed.network.load_state_dict(unbroken.network.state_dict())
    resumed.meta.load_state_dict(unbroken.meta.state_dict())
    for name, optimiser in unbroken.optimisers.items():
        resumed.optimisers[name].load_state_dict(copy.deepcopy(optimiser.state_dict()))
    # An evaluation in between leaves no trace.
    with torch.no_grad():
        unbroken.network(batch(0, torch.float32)[0])
    assert take_steps(unbroken, 3, 6, torch.float32) == take_steps(resumed, 3, 6, torch.float32)
    for name, value in unbroken.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


@pytest.mark.parametrize("make", NETWORKS)
def test_a_baked_network_says_the_same_with_weights_on_their_levels(make: Callable[[], nn.Module]) -> None:
    training = quantize_network(small(make), MetaQuantConfig(bits=2), seed=0)
    take_steps(training, 0, 3)
    plain = make().to(torch.float64)
    plain.load_state_dict(baked(training.network))
    x, _ = batch(9)
    assert torch.equal(plain(x), training.network(x))
    quantised = {plain_name(name) for name in quantized_weights(training.network)}
    assert quantised == {name for name, _ in plain.named_parameters() if "weight" in name}
    assert all(len(value.unique()) <= 4 for name, value in plain.named_parameters() if name in quantised)


def test_the_ends_can_be_left_in_full_precision_and_are_trained() -> None:
    network = small(SmallConv)
    before = network.head.weight.detach().clone()
    training = quantize_network(network, MetaQuantConfig(ends=False), seed=0)
    assert set(quantized_weights(network)) == {"middle.parametrizations.weight.original"}
    take_steps(training, 0, 2)
    assert not torch.equal(network.head.weight, before)


def test_a_quantised_network_is_not_quantised_again() -> None:
    network = quantize_network(small(SmallConv), MetaQuantConfig(), seed=0).network
    with pytest.raises(ModelError, match="quantised already"):
        quantize_network(network, MetaQuantConfig(), seed=0)


@pytest.mark.parametrize(
    "wrong", [{"hidden": 0}, {"momentum": 1.0}, {"learning_rate": 0.0}, {"largest_gradient": nan}, {"bits": 9}]
)
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="but got"):
        MetaQuantConfig(**wrong)  # type: ignore[arg-type]
