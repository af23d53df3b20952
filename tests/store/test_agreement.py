"""Agreement is what the papers define, and never more certain than the recordings allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.store import Store
from eegwarn.store.agreement import agreement_between, agreement_with_oneself, cohen_kappa, fleiss_kappa
from eegwarn.store.answer import Answer, Label
from eegwarn.store.labels import add_label, label_log, undo_label
from eegwarn.store.queue import Question, ask
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips

METRICS = pytest.importorskip("sklearn.metrics")
RNG = np.random.default_rng(0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_cohens_kappa_is_what_scikit_learn_computes(pairs: list[tuple[int, int]]) -> None:
    table = np.zeros((3, 3))
    np.add.at(table, tuple(np.array(pairs).T), 1)
    if len({label for pair in pairs for label in pair}) == 1:
        assert np.isnan(cohen_kappa(table))
    else:
        expected = METRICS.cohen_kappa_score(*np.array(pairs).T, labels=[0, 1, 2])
        assert cohen_kappa(table) == pytest.approx(expected, abs=1e-12)


def test_fleiss_kappa_by_hand() -> None:
    # Three raters, four clips: per-clip agreement 1, 1/3, 1, 1/3; shares of labels 7/12 and 5/12.
    observed, chance = 2 / 3, (7 / 12) ** 2 + (5 / 12) ** 2
    assert fleiss_kappa([[3, 0], [2, 1], [0, 3], [2, 1]]) == pytest.approx((observed - chance) / (1 - chance))
    # A clip that one alone has judged says nothing.
    assert fleiss_kappa([[3, 0], [2, 1], [0, 3], [2, 1], [0, 1]]) == pytest.approx((observed - chance) / (1 - chance))
    assert fleiss_kappa([[3, 0], [0, 3]]) == 1
    assert np.isnan(fleiss_kappa([[3, 0], [3, 0]]))
    assert np.isnan(fleiss_kappa([[1, 0]]))


def test_raters_are_compared_on_the_clips_that_both_judged(store: Store) -> None:
    asked = (*clips(store, 3, "a.edf"), *clips(store, 3, "b.edf"))
    said = {"anna": "ssnsnn", "ben": "sunsns", "cora": "s"}
    meant = {"s": SEIZURE, "n": NOT_SEIZURE, "u": Answer(Label.UNSURE)}
    for rater, letters in said.items():
        for clip, letter in zip(asked, letters, strict=False):
            add_label(store, clip.id, meant[letter], rater=rater)
    found = {agreement.raters: agreement for agreement in agreement_between(label_log(store), RNG)}
    assert set(found) == {("anna", "ben"), ("anna", "cora"), ("ben", "cora"), ("anna", "ben", "cora")}
    pair = found["anna", "ben"]
    # Judged by both: s/s, n/n, s/s, n/n, n/s.
    assert (pair.n_clips, pair.observed) == (5, 0.8)
    assert pair.kappa == pytest.approx((0.8 - 0.48) / 0.52)
    low, high = pair.interval
    assert low <= pair.kappa <= high
    assert np.isnan(found["anna", "cora"].kappa)
    assert np.isnan(found["anna", "cora"].interval).all()


def test_a_rater_is_compared_with_herself_on_what_was_shown_again_on_purpose(store: Store) -> None:
    first, second, third = clips(store, 3)
    for clip in (first, second, third):
        add_label(store, clip.id, SEIZURE, rater="anna")
    # A change of mind is no repeat.
    add_label(store, third.id, NOT_SEIZURE, rater="anna")
    again = [Question(clip.recording.id, clip.start_s, clip.duration_s, is_repeat=True) for clip in (first, second)]
    for clip, query_id, answer in zip(
        (first, second), ask(store, again, by="engineer"), (SEIZURE, NOT_SEIZURE), strict=True
    ):
        label = add_label(store, clip.id, answer, rater="anna", query_id=query_id)
    (own,) = agreement_with_oneself(label_log(store), RNG)
    assert (own.raters, own.n_clips, own.observed) == (("anna",), 2, 0.5)
    undo_label(store, label, rater="anna")
    (own,) = agreement_with_oneself(label_log(store), RNG)
    assert (own.n_clips, own.observed) == (1, 1.0)


def test_nothing_to_compare_is_no_agreement(store: Store) -> None:
    assert agreement_between(label_log(store), RNG) == ()
    add_label(store, clips(store, 1)[0].id, SEIZURE, rater="anna")
    assert agreement_between(label_log(store), RNG) == ()
    assert agreement_with_oneself(label_log(store), RNG) == ()
