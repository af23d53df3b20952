"""Doubt: high where a rough mark and the EEG disagree, low elsewhere, and taken away by a clinician's word."""

from dataclasses import replace

import numpy as np
import pytest

from eegwarn.cohort import Cohort, read_cohort
from eegwarn.events import KnownStretch
from eegwarn.signal.windows import WindowConfig
from tests.training.asking import MARK_S, SEIZURE_S, bundle, write_patients
from training.candidate_table import CandidateTable, candidate_table
from training.candidates import Described, GridConfig, describe_recordings
from training.doubt import doubts, label_candidates
from training.label_rules import LabelRules

Seen = tuple[Cohort, tuple[Described, ...]]
GRID, WINDOWS = GridConfig(), WindowConfig()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    cache = tmp_path_factory.mktemp("cache")
    cohort = read_cohort(write_patients(tmp_path_factory.mktemp("patients"), True, False))
    recordings = [(one, one.content()) for one in cohort.recordings]
    return cohort, describe_recordings(bundle(), recordings, GRID, cache=cache, signals=cache / "signals")[0]


def table_of(seen: Seen, rules: LabelRules, *known: KnownStretch) -> CandidateTable:
    cohort, described = seen
    stretches = {described[0].fingerprint: known}
    labelled = label_candidates(described, cohort, stretches, rules, GRID, WINDOWS)
    doubt = doubts(described, labelled, rules, GRID, WINDOWS, np.random.default_rng(0))
    return candidate_table(described, labelled, doubt, GRID, WINDOWS)


def test_the_stretch_for_which_a_mark_is_late_is_doubted_and_calm_is_not(seen: Seen) -> None:
    table = table_of(seen, LabelRules())
    centre_s, first = table.start_s + 2, table.recording == 0
    late = first & (centre_s > SEIZURE_S[0] + 1) & (centre_s < MARK_S)
    calm = (table.recording == 1) | (centre_s < SEIZURE_S[0] - 20) | (centre_s > SEIZURE_S[1] + 20)
    deep = first & (centre_s > MARK_S + 5) & (centre_s < SEIZURE_S[1] - 5)
    assert late.sum() >= 3
    assert table.doubt[late].min() > 0.5
    assert table.doubt[calm].max() < 0.1
    assert table.doubt[deep].max() < 0.1


def test_what_a_clinician_said_is_known_of_the_candidates_whose_middle_lies_there(seen: Seen) -> None:
    table = table_of(seen, LabelRules(), KnownStretch(98, 108, seizure=True), KnownStretch(20, 30, seizure=False))
    for wanted, low_s, high_s in ((1, 98, 108), (0, 20, 30)):
        inside = (table.recording == 0) & (table.start_s + 2 >= low_s) & (table.start_s + 2 < high_s)
        np.testing.assert_array_equal(np.flatnonzero(table.known == wanted), np.flatnonzero(inside))


def test_with_a_horizon_nothing_is_doubted(seen: Seen) -> None:
    assert not table_of(seen, replace(LabelRules(), horizon_s=60.0)).doubt.any()
