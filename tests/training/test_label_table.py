"""The table of label correction: what is called a gain, and which runs failed."""

from itertools import product
from typing import Any

from training.benchmarks.label_table import failures_text, table_text

EARLY = {"plain": 0.70, "truth": 0.80, "bi-level": 0.76, "bi-level, meta step off": 0.75}
NUMBERS = (
    "label_accuracy onset_error_s early_balanced_accuracy ictal_auroc sensitivity_at_rate latency_at_rate_s "
    "within_15_s_at_rate event_f1 false_alarms_per_day"
)


def some_rows(**changed: float) -> list[dict[str, Any]]:
    return [
        {
            "seed": seed,
            "backbone": "resnet",
            "condition": "late",
            "way": way,
            **dict.fromkeys(NUMBERS.split(), 0.6),
            "label_auroc": 0.9,
            "label_positive_share": 0.3,
            "early_auroc": EARLY[way] + (0.01 * (seed - 1) if way == "bi-level" else 0.03 * seed),
            **(changed if way == "bi-level" and seed == 2 else {}),
        }
        for seed, way in product(range(3), EARLY)
    ]


def test_a_gain_is_the_mean_difference_of_the_same_seeds_and_its_share_of_the_gap() -> None:
    text = table_text(some_rows())
    assert "bi-level over plain: early AUROC +0.030 [+0.010, +0.050] = 30% of the gap" in text


def test_a_way_is_held_against_the_same_loop_without_the_meta_step() -> None:
    line = next(
        line for line in table_text(some_rows()).splitlines() if "bi-level over bi-level, meta step off" in line
    )
    assert "early AUROC -0.020 [-0.040, +0.000]" in line


def test_without_a_ceiling_no_share_of_a_gap_is_told() -> None:
    assert "of the gap" not in table_text([row for row in some_rows() if row["way"] != "truth"])


def test_labels_of_one_class_are_counted_as_collapsed() -> None:
    assert "  bi-level: 1 collapsed, 0 inverted of 3 runs, 3 seeds" in failures_text(
        some_rows(label_positive_share=0.01)
    )
    assert "  bi-level: 1 collapsed, 0 inverted of 3 runs, 3 seeds" in failures_text(
        some_rows(label_positive_share=0.99)
    )


def test_seizures_ranked_below_calm_are_counted_as_inverted() -> None:
    assert "  bi-level: 0 collapsed, 1 inverted of 3 runs, 3 seeds" in failures_text(some_rows(label_auroc=0.4))
    assert "  bi-level: 0 collapsed, 1 inverted of 3 runs, 3 seeds" in failures_text(some_rows(ictal_auroc=0.4))
