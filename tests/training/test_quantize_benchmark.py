"""Every way of the table can be configured, and the table and the plot show what the rows say."""

from pathlib import Path

import pytest

from eegwarn.config import override
from training.benchmarks.quantize import FULL, WAYS, settings_of
from training.benchmarks.quantize_steps import RULES, time_steps
from training.benchmarks.quantize_table import draw_pareto, steps_text, table_text
from training.finetune import QuantizeConfig

ROWS = [
    {
        "seed": seed,
        "backbone": "resnet",
        "way": way,
        "ictal_auroc": auroc + 0.01 * seed,
        "early_auroc": 0.6,
        "event_f1": 0.5,
        "false_alarms_per_day": 20.0,
        "n_bytes": 1024 * kib,
        "latency_ms": 0.2,
        "peak_memory_mb": 60.0,
    }
    for seed in (0, 1, 2)
    for way, auroc, kib in ((FULL, 0.8, 1000), ("1 bit: STE, Adam", 0.75, 34), ("1 bit: MultiFC", 0.78, 34))
]


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_way_is_a_configuration_that_can_be(way: str) -> None:
    form, training = WAYS[way]
    config = override(QuantizeConfig(), settings_of(way))
    assert config.metaquant.bits == (2 if form == "ternary" else int(form[0]))
    assert (config.metaquant.refinement == "sgd") == ("SGD" in training)
    assert (config.method == "post-training") == (training == "post-training")
    assert config.rule.meta == {
        "STE, Adam": "ste",
        "STE, SGD tuned": "ste",
        "M frozen at 1": "ones",
        "FCGrad": "fcgrad",
        "LSTMFC": "lstmfc",
    }.get(training, "multifc")


def test_the_table_gives_the_change_seed_by_seed() -> None:
    (of_learned,) = [line for line in table_text(ROWS, (FULL, *WAYS)).splitlines() if line.startswith("1 bit: MultiFC")]
    assert "0.790 ± 0.010" in of_learned
    assert "-0.020 ± 0.000" in of_learned, "against full precision"
    assert "+0.030 ± 0.000" in of_learned, "against the straight-through estimator"
    assert "34.0" in of_learned


def test_the_plot_is_written(tmp_path: Path) -> None:
    draw_pareto(tmp_path / "pareto.png", ROWS)
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")


def test_steps_are_timed_for_every_rule() -> None:
    steps_ms = time_steps(("resnet",), n_rounds=1)
    assert set(steps_ms["resnet"]) == set(RULES)
    assert min(steps_ms["resnet"].values()) > 0
    assert "ste" in steps_text(steps_ms)
    assert "(1.00)" in steps_text(steps_ms)
