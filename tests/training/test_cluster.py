"""Evaluation, queries and training's reading on a cluster of real processes give what they give here."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eegwarn.cohort import Cohort
from tests.training.conftest import TINY
from training.benchmarks.cluster import local_cluster
from training.candidates import GridConfig, describe_recordings
from training.evaluate import evaluate_model
from training.train import Trained
from training.windows import prepare_recordings

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_cluster(tmp_path_factory.mktemp("cluster"), 2) as cluster:
        yield f"dask:{cluster.address}"


def test_an_evaluation_is_the_same(trained: Trained, cohort: Cohort, engine: str) -> None:
    here, there = (
        evaluate_model(trained.bundle, cohort, model="tiny", engine=one, include_seen=True) for one in ("local", engine)
    )
    assert str(here.report) == str(there.report)
    for one, other in zip(here.recordings, there.recordings, strict=True):
        np.testing.assert_array_equal(one.probability, other.probability)


def test_candidates_are_the_same(trained: Trained, cohort: Cohort, engine: str, tmp_path: Path) -> None:
    recordings = [(each, each.content()) for each in cohort.recordings]
    found = []
    for one in ("local", engine):
        cache = tmp_path / one[:5]
        cache.mkdir()
        described, skipped = describe_recordings(
            trained.bundle, recordings, GridConfig(), cache=cache, signals=tmp_path / "none", engine=one
        )
        assert not skipped
        found.append({file.name: dict(np.load(file)) for file in sorted(cache.iterdir())})
        assert len(described) == len(recordings)
    here, there = found
    assert here.keys() == there.keys()
    for name, arrays in here.items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, there[name][key])


def test_recordings_are_prepared_by_workers_in_the_shared_cache(cohort: Cohort, engine: str, tmp_path: Path) -> None:
    here, there = (
        prepare_recordings(cohort, cohort.recordings, TINY, cache=tmp_path / one[:5], step="read", engine=one)
        for one in ("local", engine)
    )
    assert here.skipped == there.skipped == ()
    for one, other in zip(here.recordings, there.recordings, strict=True):
        np.testing.assert_array_equal(one.windows.data, other.windows.data)
        np.testing.assert_array_equal(one.positive, other.positive)
