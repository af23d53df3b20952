"""A bed has one monitor: a second one is refused, and a killed one holds nothing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from eegwarn.alone import making
from eegwarn.errors import OutputError, StoreError
from eegwarn.store.watching import watched_alone

HOLD = """
import sys, time
from eegwarn.store.watching import watched_alone
with watched_alone(sys.argv[1], ["bed 1"]) as trouble:
    print("held" if not trouble else trouble, flush=True)
    time.sleep(60)
"""


def holder(place: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_monitor_of_a_bed_is_refused_until_the_first_is_gone(place: str) -> None:
    first = holder(place)
    try:
        with (
            pytest.raises(StoreError, match="Bed 'bed 1' is watched by another monitor"),
            watched_alone(place, ["bed 1"]),
        ):
            pass
        with watched_alone(place, ["bed 2", "bed 3"]) as trouble:
            assert trouble == ""
    finally:
        first.kill()
        first.wait()
    begin_s = time.monotonic()
    while True:
        try:
            with watched_alone(place, ["bed 1"]) as trouble:
                assert trouble == ""
            break
        except StoreError:
            assert time.monotonic() < begin_s + 5, "what was killed holds the bed"
            time.sleep(0.05)


def test_a_bed_is_watched_even_where_the_store_is_away() -> None:
    place = "postgresql://nobody@/none?host=/nowhere"
    with watched_alone(place, ["bed 1"]) as trouble:
        assert trouble.startswith("Whether another monitor watches too cannot be told")


def test_two_programs_do_not_make_one_output(tmp_path: Path) -> None:
    out = tmp_path / "model.eegwarn"
    with making(out):
        code = f"from pathlib import Path; from eegwarn.alone import making\nwith making(Path({str(out)!r})): pass"
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "OutputError: Another program makes" in second.stderr
    with making(out):
        pass
    with pytest.raises(OutputError, match="cannot be written"), making(tmp_path / "nowhere" / "model.eegwarn"):
        pass
