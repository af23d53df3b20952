"""Work on a dask cluster of real processes: the same results, a killed worker, and what goes wrong in one line."""

from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from eegwarn.engine import LOCAL, checked_engine, on_each
from eegwarn.errors import EngineError, ModelError
from tests.engine_work import fails_on_three, slow_square, where
from training.benchmarks.cluster import LocalCluster, local_cluster

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    with local_cluster(tmp_path, 2) as started:
        yield started


def on_dask(cluster: LocalCluster) -> str:
    return f"dask:{cluster.address}"


@pytest.mark.parametrize("engine", ["", "dask", "dask:", "ray:127.0.0.1", "LOCAL"])
def test_an_unknown_engine_is_refused_before_any_work(engine: str) -> None:
    with pytest.raises(EngineError, match="'local' or 'dask:ADDRESS'"):
        checked_engine(engine)


@pytest.mark.parametrize("at_once", [1, 2])
def test_results_come_in_the_order_of_the_items(at_once: int) -> None:
    items = [5, 1, 4, 0, 3]
    assert list(on_each(slow_square, items, engine=LOCAL, at_once=at_once)) == [item**2 for item in items]


def test_nothing_to_do_needs_no_cluster_of_threads() -> None:
    assert list(on_each(slow_square, [], at_once=2)) == []


def test_a_cluster_does_the_work_in_its_own_processes_and_a_killed_worker_changes_nothing(
    cluster: LocalCluster,
) -> None:
    pids = {worker.pid for worker in cluster.workers}
    assert set(on_each(where, range(8), engine=on_dask(cluster))) <= pids
    killer = Timer(0.5, cluster.workers[0].kill)
    killer.start()
    assert list(on_each(slow_square, range(12), engine=on_dask(cluster))) == [item**2 for item in range(12)]
    assert cluster.workers[0].wait(10) == -9
    assert set(on_each(where, range(3), engine=on_dask(cluster))) == {cluster.workers[1].pid}
    with pytest.raises(ModelError, match="no good: 3"):
        list(on_each(fails_on_three, range(6), engine=on_dask(cluster)))


def test_a_cluster_that_loses_all_its_workers_is_told_in_one_line(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eegwarn.engine._WITHOUT_WORKERS_S", 3.0)

    def kill_all() -> None:
        for worker in cluster.workers:
            worker.kill()

    Timer(0.5, kill_all).start()
    with pytest.raises(EngineError, match=r"it had no worker for 3 s\. Run the same command again"):
        list(on_each(slow_square, range(40), engine=on_dask(cluster)))
    with pytest.raises(EngineError, match="has no worker"):
        list(on_each(slow_square, range(2), engine=on_dask(cluster)))


def test_no_scheduler_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eegwarn.engine._ANSWERS_S", 1.0)
    with pytest.raises(EngineError, match=r"No dask scheduler answers at 'tcp://127\.0\.0\.1:9'.*--engine local"):
        list(on_each(slow_square, [1], engine="dask:tcp://127.0.0.1:9"))
