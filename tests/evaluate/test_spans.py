import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.evaluate.spans import covered, merge_spans, outside, total_s

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


@given(spans, spans)
def test_what_is_outside_of_holes_is_what_is_in_none_of_them(pairs, holes):
    merged_holes = merge_spans(holes, duration_s=100)
    left = merge_spans(outside(merge_spans(pairs, duration_s=100), merged_holes), duration_s=100)
    centres = np.arange(100) + 0.5
    expected = covered(centres, merge_spans(pairs, duration_s=100)) & ~covered(centres, merged_holes)
    assert np.array_equal(covered(centres, left), expected)
    assert total_s(left) == expected.sum()


def test_a_moment_stays_where_it_lies_in_no_hole():
    left = outside([(5.0, 5.0), (15.0, 15.0), (8.0, 12.0)], np.array([[10.0, 20.0]]))
    assert left.tolist() == [[5, 5], [8, 10]]
