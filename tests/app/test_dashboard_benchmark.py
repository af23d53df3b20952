"""The benchmark of the dashboard in small: waits on two pages, beds that are fed, and what is missing is named."""

from pathlib import Path
from typing import Any

import pytest

from eegwarn.errors import ConfigError
from eegwarn.store import open_store
from eegwarn.store.beds import levels_between
from eegwarn.store.labels import label_log
from training.benchmarks import browser as parts
from training.benchmarks import dashboard, run_benchmark, ward
from training.benchmarks.browser import free_port, running_dashboard, start_dashboard


def unheard(step: str, done: int, total: int) -> None:
    pass


def test_waits_of_both_pages_are_measured(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "BETWEEN_S", 0.5)
    hours = 0.1
    dashboard.write_day(tmp_path / "day.edf", hours, unheard)
    dashboard.write_amplitude_model(tmp_path / "model.eegwarn")
    dashboard.ask_about(tmp_path, hours, 12)
    with running_dashboard(tmp_path) as (_, address):
        pages = dashboard.measure_pages(browser, address, {"turns": 1, "choices": 2}, unheard)
        clips = dashboard.measure_clips(browser, address, 2, unheard)
    assert [len(waits) for waits in pages.values()] == [1, 1, 1, 2, 2, 2]
    assert [len(waits) for waits in clips.values()] == [2, 2]
    assert all(0 < wait < 20_000 for waits in (*pages.values(), *clips.values()) for wait in waits)
    # What was not sent ahead has to come from the server; what was is there at once.
    assert min(pages["other filter"]) > min(pages["page back"])
    store = open_store(tmp_path / "store.db")
    assert len(label_log(store)) == 4
    store.close()
    rows = {name: dashboard.in_short(waits) for name, waits in (pages | clips).items()}
    assert rows["other filter"]["median"] == pytest.approx(sum(pages["other filter"]) / 2)
    assert len(dashboard.waits_text(rows).splitlines()) == 2 + 8


def test_the_monitor_page_is_watched_while_its_beds_are_fed(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "SETTLE_S", 1.0)
    monkeypatch.setattr(dashboard, "LOOK_EVERY_S", 1.0)
    begin = ward.now()
    found = dashboard.measure_ward(browser, tmp_path, 6 / 60, unheard)
    assert 0 < found["server_share_of_a_core"] < 2
    assert found["growth"]["server_mb"]["first"] > 50
    assert found["growth"]["page_mb"]["first"] > 1
    assert dashboard.monitor_text(found).startswith(f"{ward.N_BEDS} beds: the server takes ")
    store = open_store(tmp_path / "ward" / "store.db")
    for bed in ("bed 1", f"bed {ward.N_BEDS}"):
        assert len(levels_between(store, bed, begin, ward.now())) >= 5
    store.close()


@pytest.mark.parametrize("name", ["dashboard", "soak"])
@pytest.mark.parametrize(
    ("lacks", "words"),
    [("chromium", "apt install chromium"), ("playwright", r"eegwarn\[test\]"), ("streamlit", r"eegwarn\[app\]")],
)
def test_what_is_not_installed_is_named_in_one_line(
    name: str, lacks: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = parts.importlib.util.find_spec
    monkeypatch.setattr(parts, "CHROMIUM", tmp_path / "none" if lacks == "chromium" else Path(__file__))
    monkeypatch.setattr(parts.importlib.util, "find_spec", lambda module: None if module == lacks else found(module))
    with pytest.raises(ConfigError, match=words) as caught:
        run_benchmark(name, tmp_path, unheard)
    assert "\n" not in str(caught.value)


def test_a_dashboard_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ended with 2"):
        start_dashboard(tmp_path / "nowhere", free_port(), cwd=tmp_path)
