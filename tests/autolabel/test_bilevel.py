"""The corrector learns from where the network's step leads, and the network's own step is an ordinary one."""

import copy
import functools
import io
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.autolabel.bilevel import (
    BilevelConfig,
    KnownWindows,
    NoisyWindows,
    StepReport,
    corrected_logit,
    corrector_optimiser,
    meta_step,
)
from eegwarn.autolabel.corrector import Corrector, CorrectorConfig, Evidence, label_shift
from eegwarn.errors import ConfigError

LARGEST_GRADIENT = 1.0
REFERENCE = CorrectorConfig(form="reference", embedding=8, hidden=32)
EXACT = BilevelConfig(derivative="exact", scaled=False, anchor=0.0, label_dropout=0.0, temperature=1.0)


class Tiny(nn.Module):
    """A network over windows of two channels and one sample."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh())
        self.head = nn.Linear(16, 1)
        self.batch_sizes: list[int] = []

    def features(self, eeg_uv: Tensor) -> Tensor:
        return self.layers(eeg_uv[:, :, 0])

    def forward(self, eeg_uv: Tensor) -> Tensor:
        self.batch_sizes.append(len(eeg_uv))
        return self.head(self.features(eeg_uv)).squeeze(1)


@dataclass
class Windows:
    eeg_uv: Tensor
    truth: Tensor
    marked: Tensor
    evidence: Evidence | None = None

    def pick(self, rows: np.ndarray) -> tuple[Tensor, Evidence, Tensor]:
        e = self.evidence
        return self.eeg_uv[rows], Evidence(e.features[rows], e.logit[rows], e.label[rows]), self.truth[rows]


def draw(n_windows: int, rng: np.random.Generator) -> Windows:
    """The first channel tells the truth; where the second is positive, most seizures are missed by the marks."""
    eeg_uv = torch.from_numpy(rng.standard_normal((n_windows, 2, 1)).astype(np.float32))
    truth = eeg_uv[:, 0, 0] > 0
    missed = truth & (eeg_uv[:, 1, 0] > 0) & torch.from_numpy(rng.random(n_windows) < 0.8)
    return Windows(eeg_uv, truth.float(), (truth & ~missed).long())


@functools.cache
def trained_on_marks(seed: int) -> tuple[Windows, Windows, Tiny, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    noisy, known, network = draw(400, rng), draw(60, rng), Tiny()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    for _ in range(100):
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(noisy.eeg_uv), noisy.marked.float()).backward()
        optimiser.step()
    for windows in (noisy, known):
        with torch.no_grad():
            windows.evidence = Evidence(network.features(windows.eeg_uv), network(windows.eeg_uv), windows.marked)
    return noisy, known, network, optimiser


class Problem:
    """Windows with planted noise, and everything that learns from them, in order to be trained step by step."""

    def __init__(self, seed: int, config: BilevelConfig, corrector: CorrectorConfig | None = None) -> None:
        self.seed, self.config = seed, config
        # The optimiser comes along, so that Adam's look-ahead has a slope.
        self.noisy, self.known, self.network, self.optimiser = copy.deepcopy(trained_on_marks(seed))
        torch.manual_seed(seed)
        sizes = corrector or CorrectorConfig(embedding=8, hidden=32)
        self.corrector = Corrector(sizes, 16, label_shift(self.known.marked, self.known.truth))
        self.meta_optimiser = corrector_optimiser(self.corrector, config)

    def batches(self, step: int) -> tuple[NoisyWindows, KnownWindows, KnownWindows]:
        rng = np.random.default_rng((self.seed, step))
        rows, known = rng.integers(400, size=64), rng.permutation(60)
        eeg_uv, evidence, _ = self.noisy.pick(rows)
        clean, held = (KnownWindows(*self.known.pick(part)) for part in (known[:16], known[16:32]))
        return NoisyWindows(eeg_uv, evidence), clean, held

    def step(self, step: int) -> StepReport:
        noisy, clean, held = self.batches(step)
        return meta_step(
            self.network,
            self.optimiser,
            self.corrector,
            self.meta_optimiser,
            noisy=noisy,
            clean=clean,
            held=held,
            config=self.config,
            step=step,
            largest_gradient=LARGEST_GRADIENT,
            rng=np.random.default_rng((self.seed, step, 1)),
        )

    def label_accuracy(self) -> float:
        with torch.no_grad():
            seizure = corrected_logit(self.corrector, self.noisy.evidence, self.config) > 0
        return float((seizure == (self.noisy.truth > 0.5)).float().mean())

    def state(self) -> list[dict[str, object]]:
        parts = (self.network, self.optimiser, self.corrector, self.meta_optimiser)
        return [copy.deepcopy(part.state_dict()) for part in parts]

    def restore(self, state: list[dict[str, object]]) -> None:
        parts = (self.network, self.optimiser, self.corrector, self.meta_optimiser)
        for part, values in zip(parts, state, strict=True):
            part.load_state_dict(values)


@pytest.mark.parametrize("seed", range(3))
def test_labels_get_better_where_the_noise_has_a_rule(seed: int) -> None:
    problem = Problem(seed, BilevelConfig(learning_rate=3e-3))
    before = problem.label_accuracy()
    reports = [problem.step(step) for step in range(100)]
    assert before < 0.86
    assert problem.label_accuracy() > before + 0.05
    assert {report.fault for report in reports[-20:]} == {""}
    assert all(math.isfinite(report.meta_loss) and 0.5 <= report.same_way <= 1 for report in reports)


def test_the_networks_step_is_an_ordinary_one_on_the_corrected_labels() -> None:
    problem = Problem(0, BilevelConfig(label_dropout=0.0))
    twin = copy.deepcopy(problem)
    noisy, clean, _ = twin.batches(0)
    with torch.no_grad():
        label = torch.sigmoid(corrected_logit(twin.corrector, noisy.evidence, twin.config))
    logit = twin.network(torch.cat([noisy.eeg_uv, clean.eeg_uv]))
    loss = binary_cross_entropy_with_logits(logit[:64], label) + binary_cross_entropy_with_logits(
        logit[64:], clean.known
    )
    twin.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(twin.network.parameters(), LARGEST_GRADIENT)
    twin.optimiser.step()
    report = problem.step(0)
    assert report.loss == float(loss.detach())
    torch.testing.assert_close(problem.network.state_dict(), twin.network.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(problem.optimiser.state_dict(), twin.optimiser.state_dict(), rtol=0, atol=0)


def test_the_correctors_gradient_is_that_of_the_loss_after_the_step() -> None:
    problem = Problem(0, EXACT)
    problem.noisy, problem.known = (doubled(windows) for windows in (problem.noisy, problem.known))
    problem.network.double()
    problem.corrector.double()
    with torch.no_grad():
        problem.corrector.head.weight.normal_()  # so that every layer has a gradient
    problem.optimiser = torch.optim.SGD(problem.network.parameters(), 0.1)
    noisy, clean, held = problem.batches(0)
    weights = {name: weight.detach().clone().requires_grad_() for name, weight in problem.network.named_parameters()}
    label = torch.sigmoid(problem.corrector(noisy.evidence))
    loss = binary_cross_entropy_with_logits(functional_call(problem.network, weights, (noisy.eeg_uv,)), label)
    loss = loss + binary_cross_entropy_with_logits(
        functional_call(problem.network, weights, (clean.eeg_uv,)), clean.known
    )
    gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    norm = float(torch.cat([part.detach().reshape(-1) for part in gradients]).norm())
    assert norm > LARGEST_GRADIENT  # so that it is shortened, by a factor that counts as a constant
    rate = 0.1 * LARGEST_GRADIENT / (norm + 1e-6)
    after = {name: weights[name] - rate * part for name, part in zip(weights, gradients, strict=True)}
    meta_loss = binary_cross_entropy_with_logits(functional_call(problem.network, after, (held.eeg_uv,)), held.known)
    wanted = torch.autograd.grad(meta_loss, list(problem.corrector.parameters()))
    report = problem.step(0)
    assert report.meta_loss == pytest.approx(float(meta_loss.detach()), rel=1e-12)
    for weight, gradient in zip(problem.corrector.parameters(), wanted, strict=True):
        torch.testing.assert_close(weight.grad, gradient, rtol=1e-7, atol=1e-12)


def doubled(windows: Windows) -> Windows:
    e = windows.evidence
    return Windows(
        windows.eeg_uv.double(),
        windows.truth.double(),
        windows.marked,
        Evidence(e.features.double(), e.logit.double(), e.label),
    )


def test_the_control_differs_in_the_meta_step_alone() -> None:
    control = Problem(0, BilevelConfig(meta=False))
    still = copy.deepcopy(control.corrector.state_dict())
    learning = Problem(0, BilevelConfig(learning_rate=1e-30))  # a meta step that moves nothing
    for step in range(3):
        report = control.step(step)
        assert math.isnan(report.meta_loss)
        learning.step(step)
    torch.testing.assert_close(control.network.state_dict(), learning.network.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(control.corrector.state_dict(), still, rtol=0, atol=0)
    assert not control.meta_optimiser.state


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, [80, 16, 64]),
        ({"derivative": "central"}, [80, 16, 64, 64]),
        ({"derivative": "exact"}, [80, 16, 64]),
        ({"derivative_share": 0.25}, [80, 16, 16]),
        ({"meta": False}, [80]),
    ],
)
def test_a_step_costs_no_more_passes_than_it_must(change: dict[str, object], wanted: list[int]) -> None:
    problem = Problem(0, replace(BilevelConfig(), **change))
    problem.network.batch_sizes.clear()
    problem.step(0)
    assert problem.network.batch_sizes == wanted


def test_every_second_step_halves_the_meta_steps() -> None:
    problem = Problem(0, BilevelConfig(meta_every=2))
    moved = []
    for step in range(6):
        before = copy.deepcopy(list(problem.corrector.parameters()))
        report = problem.step(step)
        moved.append(not all(map(torch.equal, before, problem.corrector.parameters())))
        assert math.isfinite(report.meta_loss) == moved[-1]
    assert moved == [True, False] * 3


def test_a_resumed_run_is_the_same_to_the_last_bit() -> None:
    config = BilevelConfig(meta_every=2, derivative_share=0.5)
    whole, first, second = (Problem(0, config) for _ in range(3))
    reports = [whole.step(step) for step in range(6)]
    for step in range(3):
        first.step(step)
    file = io.BytesIO()
    torch.save(first.state(), file)
    file.seek(0)
    second.step(17)  # it has been elsewhere, and that leaves no trace
    second.restore(torch.load(file))
    assert repr([second.step(step) for step in range(3, 6)]) == repr(reports[3:])
    torch.testing.assert_close(second.state(), whole.state(), rtol=0, atol=0)


def teach(corrector: Corrector, problem: Problem, label: Tensor) -> None:
    optimiser = torch.optim.Adam(corrector.parameters(), 1e-2)
    evidence = problem.noisy.evidence
    for _ in range(60):
        optimiser.zero_grad()
        told, untold = corrector(evidence), corrector(evidence.unlabelled())
        (binary_cross_entropy_with_logits(told, label) + binary_cross_entropy_with_logits(untold, label)).backward()
        optimiser.step()


def test_inverted_labels_are_noticed_not_learned_from_and_mended() -> None:
    config = BilevelConfig(learning_rate=3e-3)
    problem, control = (Problem(0, each, REFERENCE) for each in (config, replace(config, meta=False)))
    teach(problem.corrector, problem, 1 - problem.noisy.truth)
    assert problem.label_accuracy() < 0.3
    first = problem.step(0)
    control.step(0)
    assert first.fault == "inversion"
    assert first.agreement < 0.5
    torch.testing.assert_close(problem.network.state_dict(), control.network.state_dict(), rtol=0, atol=0)
    reports = [problem.step(step) for step in range(1, 100)]
    assert problem.label_accuracy() > 0.75
    assert {report.fault for report in reports[-20:]} == {""}


@pytest.mark.parametrize("bias", [30.0, -30.0])
def test_one_class_for_all_is_noticed(bias: float) -> None:
    problem = Problem(0, BilevelConfig())
    with torch.no_grad():
        problem.corrector.head.bias.fill_(bias)
    assert problem.step(0).fault == "collapse"


def test_labels_without_any_doubt_are_noticed() -> None:
    problem = Problem(0, BilevelConfig(), REFERENCE)
    teach(problem.corrector, problem, problem.noisy.truth)
    assert problem.step(0).fault == ""
    with torch.no_grad():
        problem.corrector.head.weight *= 100
        problem.corrector.head.bias *= 100
    assert problem.step(1).fault == "saturation"


def test_without_safeguards_the_corrector_goes_where_it_will() -> None:
    problem = Problem(0, BilevelConfig(safeguards=False))
    with torch.no_grad():
        problem.corrector.head.bias.fill_(30.0)
    report = problem.step(0)
    assert report.fault == ""
    assert report.label_mean > 0.99


@pytest.mark.parametrize(
    "wrong",
    [
        {"derivative": "double"},
        {"meta_every": 0},
        {"temperature": 0.0},
        {"derivative_share": 0.0},
        {"label_dropout": 1.0},
        {"anchor": -1.0},
        {"smallest_share": 1.0},
    ],
)
def test_a_value_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"bilevel\."):
        BilevelConfig(**wrong)
