"""A corrector starts from what is known, and knows nothing of a label that is hidden."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.autolabel.corrector import UNKNOWN, Corrector, CorrectorConfig, Evidence, label_shift
from eegwarn.errors import ConfigError

FORMS = [
    CorrectorConfig(form="residual"),
    CorrectorConfig(form="reference"),
    CorrectorConfig(form="reference", skip_gate=True),
    CorrectorConfig(form="few"),
]
SHIFT = (-1.5, 2.0)


@pytest.fixture
def evidence() -> Evidence:
    generator = torch.Generator().manual_seed(0)
    return Evidence(
        features=torch.randn(30, 12, generator=generator),
        logit=20 * torch.randn(30, generator=generator),
        label=torch.arange(30) % 3,
        from_mark_s=torch.where(torch.arange(30) % 5 == 0, torch.nan, 20 * torch.randn(30, generator=generator)),
    )


def make(config: CorrectorConfig) -> Corrector:
    torch.manual_seed(0)
    return Corrector(config, 12, SHIFT)


def wander(corrector: Corrector) -> None:
    """Move a corrector somewhere, as training does."""
    with torch.no_grad():
        for weight in corrector.parameters():
            weight += 0.3 * torch.randn_like(weight)


def test_the_residual_form_starts_at_the_halved_logit_and_the_labels_noise(evidence: Evidence) -> None:
    shift = torch.tensor([*SHIFT, 0.0])[evidence.label]
    torch.testing.assert_close(make(FORMS[0])(evidence), evidence.logit.clamp(-8, 8) / 2 + shift)


@pytest.mark.parametrize("config", [FORMS[0], FORMS[3]], ids=lambda config: config.form)
def test_the_start_stays_where_it_was_while_the_corrector_learns(config: CorrectorConfig, evidence: Evidence) -> None:
    corrector = make(config)
    before = corrector.start(evidence).detach()
    torch.testing.assert_close(corrector(evidence), before)
    wander(corrector)
    assert float((corrector(evidence).detach() - before).abs().max()) > 0.1
    torch.testing.assert_close(corrector.start(evidence), before, rtol=0, atol=0)


@pytest.mark.parametrize("config", FORMS, ids=lambda config: f"{config.form}{config.skip_gate}")
def test_a_hidden_label_leaves_no_trace(config: CorrectorConfig, evidence: Evidence) -> None:
    corrector = make(config)
    wander(corrector)
    found = corrector(evidence.unlabelled())
    turned = replace(evidence, label=(evidence.label + 1) % 3, from_mark_s=-evidence.from_mark_s)
    torch.testing.assert_close(corrector(turned.unlabelled()), found, rtol=0, atol=0)
    partly = evidence.without(evidence.label == 1)
    assert set(partly.label.tolist()) == {0, UNKNOWN}
    torch.testing.assert_close(corrector(partly)[evidence.label == 1], found[evidence.label == 1])
    assert not torch.allclose(corrector(evidence)[evidence.label != UNKNOWN], found[evidence.label != UNKNOWN])


@pytest.mark.parametrize("config", FORMS, ids=lambda config: f"{config.form}{config.skip_gate}")
def test_every_window_is_judged_by_itself_and_has_a_gradient(config: CorrectorConfig, evidence: Evidence) -> None:
    corrector = make(config)
    wander(corrector)
    found = corrector(evidence)
    assert found.shape == (30,)
    first = Evidence(*(part[:7] for part in vars(evidence).values()))
    torch.testing.assert_close(corrector(first), found[:7])
    torch.sigmoid(found).sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in corrector.parameters())
    assert any(float(weight.grad.abs().max()) > 0 for weight in corrector.parameters())


def test_the_scale_of_the_features_does_not_matter(evidence: Evidence) -> None:
    corrector = make(FORMS[0])
    wander(corrector)
    louder = replace(evidence, features=7 * evidence.features + 3)
    torch.testing.assert_close(corrector(louder), corrector(evidence), rtol=1e-3, atol=1e-3)


def test_a_wide_open_skip_gate_gives_the_label_back(evidence: Evidence) -> None:
    corrector = make(FORMS[2])
    with torch.no_grad():
        corrector.head.bias[1] = 50.0
    known = evidence.label != UNKNOWN
    corrected = torch.sigmoid(corrector(evidence)).detach()
    torch.testing.assert_close(corrected[known], evidence.label[known].float(), rtol=0, atol=1e-5)
    assert 0.01 < float(corrected[~known].min()) < float(corrected[~known].max()) < 0.99


def test_a_few_weights_follow_the_time_from_the_mark() -> None:
    from_mark_s = torch.linspace(-60, 60, 241)
    evidence = Evidence(torch.zeros(241, 12), torch.zeros(241), (from_mark_s >= 0).long(), from_mark_s)
    p = torch.sigmoid(make(CorrectorConfig(form="few", mark_delay_s=8, late_share=0.85))(evidence)).detach()
    assert bool((p.diff() >= 0).all())
    # A window at half of the late marks' delay is in the seizure with half of their probability.
    assert float(p[(from_mark_s == -8).nonzero()]) == pytest.approx(0.02 + 0.96 * 0.85 / 2, abs=1e-3)
    assert float(p[(from_mark_s == 0).nonzero()]) == pytest.approx(0.02 + 0.96 * 0.85, abs=1e-3)


def test_far_from_marks_the_few_weights_take_the_label() -> None:
    label = torch.tensor([0, 1, UNKNOWN])
    evidence = Evidence(torch.zeros(3, 12), torch.zeros(3), label, torch.full((3,), torch.nan))
    torch.testing.assert_close(make(FORMS[3])(evidence), torch.tensor([*SHIFT, 0.0]))


def test_without_a_time_the_few_weights_take_the_label(evidence: Evidence) -> None:
    nowhere = replace(evidence, from_mark_s=torch.full((30,), torch.nan))
    torch.testing.assert_close(make(FORMS[3])(replace(evidence, from_mark_s=None)), make(FORMS[3])(nowhere))


@given(counts=st.lists(st.integers(0, 50), min_size=4, max_size=4), more=st.integers(2, 5))
def test_the_shift_is_the_logarithm_of_counted_shares(counts: list[int], more: int) -> None:
    known = torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat_interleave(torch.tensor(counts))
    noisy = torch.tensor([0, 1, 0, 1]).repeat_interleave(torch.tensor(counts))
    table = torch.tensor(counts, dtype=torch.float64).reshape(2, 2) + 1
    share = table / table.sum(dim=1, keepdim=True)
    wanted = torch.log(share[1] / share[0])
    torch.testing.assert_close(torch.tensor(label_shift(noisy, known), dtype=torch.float64), wanted)
    unmarked = torch.cat([noisy, torch.full((more,), UNKNOWN)])
    assert label_shift(unmarked, torch.cat([known, torch.ones(more)])) == label_shift(noisy, known)


@pytest.mark.parametrize(
    "wrong",
    [{"form": "large"}, {"hidden": 0}, {"logit_share": 0.0}, {"late_share": 1.0}, {"form": "few", "skip_gate": True}],
)
def test_a_value_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"corrector\."):
        CorrectorConfig(**wrong)
