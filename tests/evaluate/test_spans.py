import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.evaluate.spans import covered, merge_spans, total_s

spans = st.lists(st.tuples(st.integers(-20, 120), st.integers(0, 40)).map(lambda s: (s[0], s[0] + s[1])), max_size=10)


@given(spans)
def test_merged_stretches_cover_the_same_seconds_in_order(pairs):
    merged = merge_spans(pairs, duration_s=100)
    centres = np.arange(100) + 0.5
    mask = np.array([any(start <= second <= end for start, end in pairs) for second in centres])
    assert np.array_equal(covered(centres, merged), mask)
    assert total_s(merged) == mask.sum()
    assert np.all(merged[1:, 0] > merged[:-1, 1])


def test_both_ends_of_a_stretch_belong_to_it():
    assert covered([9.9, 10, 15, 20, 20.1], np.array([[10.0, 20.0]])).tolist() == [False, True, True, True, False]
