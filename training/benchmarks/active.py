"""Choosing what to annotate: learning curves of all strategies, and what labels of chosen clips give after retraining.

Curves: a logistic head on frozen features, on wards of four simulated patients whom neither policy nor network ever
saw, and on real windows; from nothing, and on wards from the model as it is. Every strategy starts from the same two
labels. Retraining: clips of training patients, answered by the truth or by a rater who errs, correct marks that are 8 s
late. Rows are kept line by line, so that an interrupted run goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from eegwarn.active.policy import PolicyConfig
from eegwarn.active.shipped import shipped_policy
from eegwarn.bedside.scoring import Progress
from eegwarn.config import to_table, to_toml
from eegwarn.evaluate.bootstrap import mean_interval
from training.benchmarks.active_curves import (
    EMBEDDED,
    FROM_MODEL,
    FROM_NOTHING,
    LEARNED,
    N_PATIENTS,
    N_QUERIES,
    N_STARTS,
    SHOWN,
    STRATEGIES,
    curve_rows,
)
from training.benchmarks.active_retrain import MARKS, METHODS, N_CLIPS, RATERS, WAYS, retrain_rows
from training.benchmarks.kept_rows import Row, add_rows, read_rows
from training.benchmarks.real_windows import NAMES
from training.policy_tasks import TaskConfig, kept_tasks
from training.record import versions
from training.train_policy import PolicyTraining, train_policy

WARD_SEEDS = (9500, 9600)
"""Neither learned on nor asked about the gate."""

SPLIT_SEEDS = (0, 1, 2, 3, 4)
RETRAIN_SEEDS = (4220, 4221, 4222)


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Play all tasks, label and retrain, and write ``active.toml``."""
    folder = out / "active-tasks"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = _tasks(quick, folder)
    if not quick:
        _prepare(folder, progress)
    kept = out / ("active-quick.jsonl" if quick else "active.jsonl")
    done = {row["task_key"] for row in read_rows(kept)}
    wanted = [task for task in tasks if task[0] not in done]
    rows = add_rows(kept, _do_task, wanted, n_rows=len(tasks), progress=progress)
    table = {
        "curves": {"n_queries": N_QUERIES, "n_starts": N_STARTS, "ward_seeds": list(WARD_SEEDS)},
        "policy": shipped_policy().record["gate"],
        "tasks": to_table(TaskConfig()),
        "raters": {name: vars(rater) for name, rater in RATERS.items()},
        "versions": versions(),
    }
    found = [row for each in rows for row in each["rows"]]
    (out / "active.toml").write_text(to_toml({**table, "rows": found}), encoding="utf-8")
    return _text(found)


def _tasks(quick: bool, folder: Path) -> list[tuple[str, str, int, tuple[str, ...], Path]]:
    few = tuple(name for name in STRATEGIES if name != EMBEDDED)
    if quick:
        return [
            (f"curve {NAMES[1]} 0", NAMES[1], 0, few, folder),
            ("retrain resnet 4220", "resnet", 4220, ("policy",), folder),
        ]
    curves = [
        *((FROM_NOTHING, seed) for seed in WARD_SEEDS),
        *((FROM_MODEL, seed) for seed in WARD_SEEDS[:1]),
        *((name, seed) for name in NAMES for seed in SPLIT_SEEDS),
    ]
    return [
        *((f"curve {setting} {seed}", setting, seed, few, folder) for setting, seed in curves),
        *((f"curve {setting} {seed}, embedding", setting, seed, (EMBEDDED,), folder) for setting, seed in curves),
        *((f"retrain resnet {seed}", "resnet", seed, WAYS, folder) for seed in RETRAIN_SEEDS),
    ]


def _prepare(folder: Path, progress: Progress) -> None:
    """Simulate what several tasks share, and learn the policy of the ablation, where that was not done before."""
    for seed in WARD_SEEDS:
        kept_tasks(N_PATIENTS, seed, TaskConfig(), folder=folder, progress=progress)
    if not (folder / "embedding" / "policy.toml").exists():
        # How it does is told by the curves, beside the others: its gate is not asked.
        embedded = replace(PolicyTraining(), policy=PolicyConfig(embedding=True), n_gate_plays=2)
        train_policy(folder / "embedding", embedded, tasks_folder=folder, progress=progress)


def _do_task(key: str, what: str, seed: int, ways: tuple[str, ...], folder: Path) -> list[Row]:
    if key.startswith("curve"):
        rows = curve_rows(what, seed, ways, folder)
    else:
        rows = retrain_rows(seed, what, ways, tuple(RATERS), folder)
    return [{"task_key": key, "rows": rows}]


def _text(rows: Sequence[Row]) -> str:
    settings = [name for name in (FROM_NOTHING, FROM_MODEL, *NAMES) if any(row.get("setting") == name for row in rows)]
    lines = [line for name in settings for line in _curves_text(name, [r for r in rows if r.get("setting") == name])]
    return "\n".join([*lines, *_labels_text(rows), *_networks_text(rows)])


def _curves_text(setting: str, rows: Sequence[Row]) -> list[str]:
    """Table of a setting: area, how much more the shipped strategy has with its interval over tasks, labels needed."""
    shipped = LEARNED if shipped_policy().is_open else "cover"
    of: dict[str, dict[tuple[int, int], Row]] = {}
    for row in rows:
        of.setdefault(row["strategy"], {})[row["seed"], row["task"]] = row
    tasks = sorted(of[shipped])
    whole = np.mean([of[shipped][task]["all"] for task in tasks])
    lines = [
        f"{setting}: {len(tasks)} tasks; all labels {whole:.1f}; score after {', '.join(map(str, SHOWN))} labels",
        f"{'strategy':<26}{'area':>7}{shipped + ' less this':>26}{'worst':>7}{'labels to all - 1':>19}  curve",
    ]
    for name, own in of.items():
        area = np.array([own[task]["area"] for task in tasks])
        gain = np.array([of[shipped][task]["area"] for task in tasks]) - area
        interval = mean_interval(gain, np.random.default_rng(0))
        against = f"{gain.mean():+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]" if name != shipped else "-"
        needed = np.median([own[task]["labels_needed"] for task in tasks])
        curve = np.mean([own[task]["curve"] for task in tasks], axis=0)
        shown = " ".join(f"{score:.1f}" for score in curve)
        worst = f"{gain.min():+.1f}" if name != shipped else "-"
        lines.append(f"{name:<26}{area.mean():>7.2f}{against:>26}{worst:>7}{_labels(needed):>19}  {shown}")
    return [*lines, ""]


def _labels(needed: float) -> str:
    return f"{needed:.0f}" if needed <= N_QUERIES else f"over {N_QUERIES}"


def _labels_text(rows: Sequence[Row]) -> list[str]:
    """Table of label quality by clips labelled: AUROC near marks, and median error of onsets."""
    own = [row for row in rows if row.get("method") in METHODS]
    if not own:
        return []
    lines = [
        f"labels of training patients, marks {MARKS}: AUROC near marks (median error of onsets, s) after so many clips",
        f"{'clips chosen by':<20}{'rater':<8}{'method':<14}" + "".join(f"{n:>15}" for n in N_CLIPS),
    ]
    for method in METHODS:
        for rater in RATERS:
            for way in WAYS:
                cells = []
                for n in N_CLIPS:
                    at = [
                        r for r in own if (r["method"], r["rater"], r["way"], r["n_clips"]) == (method, rater, way, n)
                    ]
                    cells.append(f"{_mean(at, 'label_auroc'):.3f} ({_mean(at, 'onset_error_s'):.1f})" if at else "-")
                if set(cells) != {"-"}:
                    lines.append(f"{way:<20}{rater:<8}{method:<14}" + "".join(f"{cell:>15}" for cell in cells))
    return [*lines, ""]


def _networks_text(rows: Sequence[Row]) -> list[str]:
    """Table of networks: trained on the marks, and again with the clips."""
    own = [row for row in rows if row.get("method") == "retrained"]
    lines = [
        "networks on patients never seen",
        f"{'clips chosen by':<20}{'rater':<8}{'from':<9}{'clips':>6}{'early AUROC':>18}{'ictal AUROC':>18}{'F1':>15}",
    ]
    for key in dict.fromkeys((row["way"], row["rater"], row["start"], row["n_clips"]) for row in own):
        at = [row for row in own if (row["way"], row["rater"], row["start"], row["n_clips"]) == key]
        cells = "".join(
            f"{_mean(at, name):>9.3f} +- {np.std([row[name] for row in at]):.3f}"
            for name in ("early_auroc", "ictal_auroc", "event_f1")
        )
        lines.append(f"{key[0]:<20}{key[1]:<8}{key[2]:<9}{key[3]:>6}{cells}")
    return lines if own else []


def _mean(rows: Sequence[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))
