"""The soak in small: two beds, twelve minutes of EEG in a few seconds, with the monitor page open."""

from typing import Any

import pytest

from training.benchmarks import soak


def test_beds_are_played_to_their_end_and_compared_with_their_scores(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "LOOK_EVERY_S", 0.5)
    found = soak.soak(browser, 2, 0.2, 60.0, lambda step, done, total: None)
    everything = found["all"]
    assert everything["hops"] == everything["levels_kept"] == 2 * (12 * 60 - 3)
    counts = ("hops_missed", "hops_doubled", "levels_lost", "levels_added", "alarms_lost", "alarms_doubled")
    assert [everything[name] for name in counts] == [0] * len(counts)
    assert (everything["ended"], everything["faults_unexplained"], found["monitor"]["exit_code"]) == (2, 0, 0)
    assert found["page"]["errors"] == 0
    assert 0 < found["growth"]["eeg_h"]["last"] <= 0.2
    assert found["growth"]["monitor_mb"]["last"] > 50
    assert found["growth"]["database_mb"]["last"] > found["growth"]["database_mb"]["first"] > 0
    assert set(found["share_of_a_core"]) == {"monitor", "server"}
    assert "| hops missed | 0 |" in soak.table_text(found)
