from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from eegwarn.autolabel.onsets import OnsetConfig, onsets_from_soft, seizure_posterior, weigh_marks
from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent
from tests.autolabel.recordings import WINDOW_S, simulated_logits, truth


def _stepped(onset_s, offset_s, mark, *, hop_s=1.0, clips_s=()):
    seizure = SeizureEvent(onset_s, offset_s)
    rough = simulated_logits([seizure], [mark], np.random.default_rng(0), duration_s=600, hop_s=hop_s, clips_s=clips_s)
    return rough, np.where(truth(rough, seizure), 0.95, 0.05).astype(np.float32)


def test_evidence_is_each_windows_share_before_a_candidate_times_its_log_odds():
    mark = SeizureEvent(100, 140)
    rough = simulated_logits([mark], [mark], np.random.default_rng(1), duration_s=200, hop_s=2.0, clips_s=[95])
    log_odds = rough.logit.copy()
    log_odds[50:53] = np.nan
    config = OnsetConfig(before_s=20, after_s=10, step_s=1.0, independent_s=8.0)
    (evidence,) = weigh_marks(rough, log_odds, config)
    known = np.isfinite(rough.clean)
    for candidate_s, gained in zip(evidence.candidate_s, evidence.gained, strict=True):
        share = np.clip((candidate_s - rough.start_s) / WINDOW_S, 0, 1)
        tempered = np.where(known | np.isnan(log_odds), 0, log_odds) * 2.0 / 8.0
        certain = np.where(rough.clean[known] == 1, 8.0, -8.0) * (rough.centre_s[known] < candidate_s)
        assert gained == pytest.approx((share * tempered).sum() + certain.sum())
    assert evidence.edge_s[0] == 80
    assert evidence.edge_s[-1] == 150


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_the_posterior_is_that_of_all_pairs_one_by_one(n_candidates, seed):
    rng = np.random.default_rng(seed)
    mark = SeizureEvent(50, 50 + n_candidates / 2)
    rough = simulated_logits([mark], [mark], rng, duration_s=100)
    config = OnsetConfig(before_s=0.5, after_s=0.5, step_s=0.5, p_false=0.2, p_unseen=0.3)
    (evidence,) = weigh_marks(rough, rough.logit, config)
    n = len(evidence.gained)
    evidence = replace(evidence, gained=3 * rng.standard_normal(n))
    log_onset, log_offset = rng.standard_normal((2, n))
    posterior = seizure_posterior(evidence, log_onset, log_offset, config)

    begin, end = np.exp(log_onset) / np.exp(log_onset).sum(), np.exp(log_offset) / np.exp(log_offset).sum()
    later = np.triu(np.ones((n, n)), 1)
    prior = later * np.outer(begin, end)
    seen = prior * np.exp(evidence.gained[None, :] - evidence.gained[:, None])
    joint = 0.7 * seen + 0.3 * prior * 1
    ratio = 0.7 * seen.sum() / prior.sum() + 0.3
    share = 0.7 * seen.sum() / prior.sum() / ratio
    joint = share * seen / seen.sum() + (1 - share) * prior / prior.sum()
    np.testing.assert_allclose(posterior.onset, joint.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(posterior.offset, joint.sum(axis=0), atol=1e-9)
    assert posterior.p_seizure == pytest.approx(expit(np.log(ratio) - logit(0.2)))
    for edge in range(n + 1):
        assert posterior.under_way[edge] == pytest.approx(joint[:edge, edge:].sum(), abs=1e-9)


@pytest.mark.parametrize("hop_s", [1.0, 2.0])
@pytest.mark.parametrize("error_s", [-25.0, 0.0, 40.0])
def test_soft_labels_that_step_give_the_step_as_onset(hop_s, error_s):
    mark = SeizureEvent(300 + error_s, 365)
    rough, soft = _stepped(300, 360, mark, hop_s=hop_s)
    (onset,) = onsets_from_soft(rough, soft)
    assert onset.mark_s == mark.onset_s
    assert onset.onset_s == pytest.approx(300, abs=2)
    assert onset.low_s <= 300 <= onset.high_s
    assert onset.p_seizure > 0.95


def test_a_clip_across_the_onset_makes_it_sharper():
    mark = SeizureEvent(315, 365)
    rough, soft = _stepped(300, 360, mark)
    clipped, _ = _stepped(300, 360, mark, clips_s=[295])
    (vague,), (sharp,) = onsets_from_soft(rough, soft), onsets_from_soft(clipped, soft)
    assert sharp.high_s - sharp.low_s < 0.5 * (vague.high_s - vague.low_s)
    # Its windows are 1 s apart: the last calm one has its centre at 299 s, the next one is of the seizure.
    assert 299 <= sharp.low_s < sharp.high_s <= 300


def test_where_nothing_looks_like_a_seizure_there_is_no_onset():
    rough, soft = _stepped(100, 130, SeizureEvent(400, 450))
    (onset,) = onsets_from_soft(rough, soft)
    assert onset.p_seizure < 0.5
    assert np.isnan([onset.onset_s, onset.low_s, onset.high_s]).all()


def test_the_hop_does_not_change_how_sure_an_onset_is():
    coarse, fine = (
        onsets_from_soft(*_stepped(300, 360, SeizureEvent(310, 360), hop_s=hop_s))[0] for hop_s in (2.0, 0.5)
    )
    assert coarse.high_s - coarse.low_s == pytest.approx(fine.high_s - fine.low_s, rel=0.15)


def test_marks_at_the_edges_of_a_recording_and_beside_each_other_are_weighed():
    marks = (
        SeizureEvent(-20, 15),
        SeizureEvent(0),
        SeizureEvent(90, 95),
        SeizureEvent(95, 96),
        SeizureEvent(5000, 5010),
    )
    rough = simulated_logits([SeizureEvent(0, 30)], marks, np.random.default_rng(2), duration_s=100)
    onsets = onsets_from_soft(rough, expit(rough.logit).astype(np.float32))
    assert [onset.mark_s for onset in onsets] == [-20, 0, 90, 95, 5000]
    assert all(0 <= onset.p_seizure <= 1 for onset in onsets)
    # The candidates of one mark end where the next begins.
    evidence = weigh_marks(rough, rough.logit, OnsetConfig())
    assert evidence[2].edge_s[-1] == 95
    assert evidence[3].edge_s[0] == pytest.approx(94.5, abs=0.51)


@pytest.mark.parametrize(
    "setting", [{"step_s": 0.0}, {"p_false": 1.0}, {"unmarked_per_hour": -1.0}, {"before_s": np.inf}]
)
def test_impossible_settings_are_refused_by_name(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        OnsetConfig(**setting)
