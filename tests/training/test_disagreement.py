"""How far experts are apart: what counts as a counterpart, and the real experts' figures."""

from pathlib import Path

import numpy as np
import pytest

from training.benchmarks.disagreement import disagreement, neonatal_marks


def test_a_counterpart_is_the_first_mark_that_overlaps() -> None:
    one = np.array([[10.0, 50.0], [200.0, 210.0]])
    other = np.array([[0.0, 10.0], [15.0, 20.0], [40.0, 60.0]])
    result = disagreement([(one, other)])
    # Of five marks the one at 200 s and the one that only touches have none; the others' onsets are 5, 5 and 30 s off.
    assert result["marks without counterpart"] == pytest.approx(2 / 5)
    assert result["onsets apart, median (s)"] == 5
    assert result["onsets apart, 90 % (s)"] == pytest.approx(25)
    assert result["offsets apart, median (s)"] == 30


def test_marks_of_a_recording_that_only_one_expert_marked_have_no_counterpart() -> None:
    marks, none = np.array([[10.0, 50.0]]), np.zeros((0, 2))
    both = [(marks, marks), (marks, none), (none, none)]
    assert disagreement(both)["marks without counterpart"] == pytest.approx(1 / 3)


def test_three_real_experts_differ_as_is_known(shared_data: Path) -> None:
    values = list(disagreement(neonatal_marks(shared_data)).values())
    assert values[0] == pytest.approx(0.25, abs=0.005)
    assert values[1:4] == [7, 31, 135]
