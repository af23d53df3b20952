"""What processes use is read as it is, and its growth is told with an error that can be believed."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eegwarn.errors import ConfigError
from training.benchmarks import usage
from training.benchmarks.usage import Looks, child_of, cpu_s, growth, memory_mb, n_handles, n_threads, table_lines


def test_growth_of_a_straight_line_is_its_slope() -> None:
    time_s = np.arange(0, 600, 5.0)
    grown = growth(time_s, 100 + 12 * time_s / 3600)
    assert (grown.first, grown.last) == pytest.approx((100, 100 + 12 * 595 / 3600))
    assert grown.an_hour == pytest.approx(12)
    assert grown.se == pytest.approx(0, abs=1e-6)


def test_too_few_looks_have_no_slope() -> None:
    grown = growth([0, 5, 10, 15, 20], [1, 2, 3, 4, 5])
    assert (grown.first, grown.last) == (1, 5)
    assert math.isnan(grown.an_hour)


def test_slopes_of_what_does_not_grow_lie_within_twice_their_error() -> None:
    """Also where looks that follow each other are alike, as with memory that is given back now and then."""
    rng = np.random.default_rng(1)
    time_s = np.arange(0, 1200, 5.0)
    inside = 0
    for _ in range(200):
        alike = np.convolve(rng.standard_normal(time_s.size + 11), np.ones(12) / 12, "valid")
        grown = growth(time_s, alike)
        inside += abs(grown.an_hour) < 2 * grown.se
    assert 0.80 < inside / 200 < 0.99


def test_looks_are_kept_by_name_and_from_a_time_on() -> None:
    looks = Looks()
    for at_s in range(10):
        looks.add(at_s, mb=10 * at_s, handles=7)
    assert looks.since(8).series("mb") == [80, 90]
    assert looks.table()["mb"]["an_hour"] == pytest.approx(36_000)
    flat = {"first": 7, "last": 7, "an_hour": 0, "se": 0}
    assert {name: looks.table()["handles"][name] for name in flat} == pytest.approx(flat, abs=1e-6)
    assert Looks().series("mb") == []
    assert Looks().table() == {}


def test_what_fills_up_does_not_grow_in_the_second_half_and_what_leaks_does() -> None:
    looks = Looks()
    for at_s in range(0, 600, 5):
        looks.add(at_s, cache=min(at_s, 250), leak=at_s)
    table = looks.table()
    assert table["cache"]["an_hour"] > 500
    assert table["cache"]["late_an_hour"] == pytest.approx(0, abs=1e-6)
    assert table["leak"]["late_an_hour"] == pytest.approx(3600)
    assert table_lines(table)[2].startswith("| cache | 0 → 250 | +")


def test_a_process_is_seen_to_use_more(tmp_path: Path) -> None:
    pid, before = os.getpid(), n_handles(os.getpid())
    with (tmp_path / "open").open("w"):
        assert n_handles(pid) == before + 1
    before_mb = memory_mb(pid)
    held = np.ones(2**23)
    assert 60 < memory_mb(pid) - before_mb < 70
    before_s = cpu_s(pid)
    while cpu_s(pid) < before_s + 0.05:
        held.sum()
    assert n_threads(pid) >= 1


def test_the_child_is_found_and_one_that_has_ended_is_an_error() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while not children.read_text():
        pass
    assert memory_mb(child_of(parent.pid)) > 0
    parent.communicate(b"\n")
    with pytest.raises(OSError, match=r"."):
        memory_mb(parent.pid)


def test_a_system_without_proc_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_PROC", Path("/nowhere"))
    with pytest.raises(ConfigError, match="Linux"):
        usage.check_linux()
