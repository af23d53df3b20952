"""Label correction on rough marks of simulated patients: ways to correct, controls, floor and ceiling.

For each seed patients are simulated, marked by raters of three kinds, and 40 clips near marks are labelled without
error. Every way learns from the same windows with the same network. The floor is training on the marks as they are,
the ceiling training on the true labels; a way is judged by the labels it gives to the training patients and by the
network on patients never seen. Results are kept line by line, so that a run that was interrupted goes on.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import nn

from eegwarn.autolabel import CorrectedLabels
from eegwarn.bedside.scoring import Progress
from eegwarn.config import override, to_table, to_toml
from eegwarn.signal.windows import WindowConfig
from training.benchmarks.kept_rows import add_rows, read_rows
from training.benchmarks.label_scores import score_labels, score_network
from training.benchmarks.label_study import CONDITIONS, TRAINING, Study, StudySize, make_study
from training.benchmarks.label_table import failures_text, table_text
from training.clean import clean_targets
from training.config import MetaConfig, OptimiserConfig, TrainConfig
from training.loop import Place, repeatable
from training.methods import learn
from training.network import judge_recording, train_network
from training.record import versions
from training.windows import LabelledRecording

SEEDS = tuple(range(4200, 4210))
FEW_SEEDS = SEEDS[:3]
"""Of the conditions that do not decide, and of the further chances of the bi-level loop."""

FURTHER_SEEDS = tuple(range(4210, 4220))
"""On which it is only counted how often the bi-level loop fails."""

DECIDING = "8 s late"
SIZE = StudySize()
CONFIG = replace(TRAINING, meta=MetaConfig(warm_up_steps=100))
BACKBONES = ("resnet", "lstm")
LONGER = 3
"""In the variants that train longer, so many times the steps."""

Way = Callable[[Study, TrainConfig, Place], tuple[nn.Module, Sequence[CorrectedLabels] | None]]
"""Learns from a study; gives the network and, where it corrects labels, those of the training recordings."""


@dataclass(frozen=True)
class Task:
    """One seed with one network and one kind of marks: several ways.

    ``marks`` is one of the `CONDITIONS`, ``condition`` the title of the table that the results belong to.
    """

    seed: int
    backbone: str
    marks: str
    condition: str
    ways: tuple[str, ...]
    size: StudySize
    config: TrainConfig


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Learn in every way from every study, and write ``autolabel.toml`` beside the single results."""
    tasks = _tasks(quick)
    kept = out / ("autolabel-quick.jsonl" if quick else "autolabel.jsonl")
    known = frozenset(_key(row) for row in read_rows(kept))
    n_rows = sum(len(task.ways) for task in tasks)
    rows = add_rows(kept, _do_task, [(task, known, out) for task in tasks], n_rows=n_rows, progress=progress)
    shutil.rmtree(out / "autolabel-scratch", ignore_errors=True)
    return _write_down(out, rows, tasks)


def _tasks(quick: bool) -> list[Task]:
    if quick:
        size = replace(SIZE, n_training=8, n_validation=3, n_test=4)
        short = replace(CONFIG, steps=100, validate_every=50, meta=MetaConfig(warm_up_steps=40))
        return [Task(SEEDS[0], "resnet", DECIDING, DECIDING, tuple(WAYS), size, short)]
    return [
        *(Task(seed, kind, DECIDING, DECIDING, tuple(WAYS), SIZE, CONFIG) for seed in SEEDS for kind in BACKBONES),
        *(
            Task(seed, "resnet", marks, marks, tuple(WAYS), SIZE, CONFIG)
            for marks in CONDITIONS
            for seed in FEW_SEEDS
            if marks != DECIDING
        ),
        *(
            Task(seed, kind, DECIDING, "8 s late, further seeds", ("bi-level",), SIZE, CONFIG)
            for seed in FURTHER_SEEDS
            for kind in BACKBONES
        ),
        *(
            Task(seed, "resnet", DECIDING, f"{DECIDING}, {name}", ways, SIZE, config)
            for name, (ways, config) in FURTHER_CHANCES.items()
            for seed in FEW_SEEDS
        ),
    ]


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["seed"], row["backbone"], row["condition"], row["way"]


def _do_task(task: Task, known: frozenset[tuple[Any, ...]], out: Path) -> list[dict[str, Any]]:
    what = {"seed": task.seed, "backbone": task.backbone, "condition": task.condition}
    wanted = [way for way in task.ways if _key({**what, "way": way}) not in known]
    if not wanted:
        return []
    config = replace(task.config, backbone=task.backbone, seed=task.seed)  # type: ignore[arg-type]
    scratch = out / "autolabel-scratch" / f"{task.seed}"
    scratch.mkdir(parents=True, exist_ok=True)
    study = make_study(task.seed, CONDITIONS[task.marks], task.size, config, cache=scratch / "signals")
    name = f"{task.backbone}-{task.condition.replace(' ', '-').replace(',', '')}"
    place = Place(scratch / name, name, torch.device("cpu"))
    rows = []
    for way in wanted:
        with repeatable(config.threads):
            network, labels = {**WAYS, **VARIANTS}[way](study, config, place)
            rows.append({**what, "way": way, **_score(study, network, labels, config, place)})
    place.clear()
    return rows


def _score(
    study: Study, network: nn.Module, labels: Sequence[CorrectedLabels] | None, config: TrainConfig, place: Place
) -> dict[str, float]:
    def judge(recordings: Sequence[LabelledRecording]) -> list[NDArray[np.float64]]:
        return [judge_recording(network, each.windows, place.device) for each in recordings]

    if labels is None:
        soft = [expit(logit).astype(np.float32) for logit in judge(study.training)]
        of_labels = score_labels(study, soft, None)
    else:
        of_labels = score_labels(study, [each.soft for each in labels], [each.onsets for each in labels])
    return {**of_labels, **score_network(study, judge(study.validation), judge(study.test), config)}


def _plain(study: Study, config: TrainConfig, place: Place) -> tuple[nn.Module, None]:
    marked = [each.positive.astype(np.float32) for each in study.training]
    # The first training of the correcting ways is the same, and is found again by its name.
    return train_network(
        study.training, marked, study.validation, config, place, stage="train on the marks"
    ).network, None


def _truth(study: Study, config: TrainConfig, place: Place) -> tuple[nn.Module, None]:
    known = study.with_truth(config)
    place = replace(place, run=f"{place.run} truth")
    targets = [each.target for each in known.training]
    return train_network(known.training, targets, known.validation, config, place, stage="truth").network, None


def _fine_tuned(study: Study, config: TrainConfig, place: Place) -> tuple[nn.Module, None]:
    """Train on marks and clips, then a little more on what is certain: clips, and windows far from every mark."""
    network, _ = _plain(study, config, place)
    short = replace(
        config, steps=max(20, config.steps // 5), validate_every=20, optimiser=OptimiserConfig(learning_rate=2e-4)
    )
    clean = clean_targets(study.training)
    tuned = train_network(study.training, clean, study.validation, short, place, stage="tune", start=network)
    return tuned.network, None


def _by_method(method: str, *, clips: bool = True) -> Way:
    def way(study: Study, config: TrainConfig, place: Place) -> tuple[nn.Module, Sequence[CorrectedLabels]]:
        study = study if clips else study.without_clips()
        own = replace(place, checkpoint=place.checkpoint.with_name(f"{place.checkpoint.name}-{method}-{clips}"))
        first = place.stage_checkpoint("train on the marks")
        if first.exists():
            own.stage_checkpoint("train on the marks").write_bytes(first.read_bytes())
        learned = learn(study.training, study.validation, replace(config, method=method), own)  # type: ignore[arg-type]
        own.clear()
        return learned.network, learned.labels

    return way


def _bilevel(*changes: str) -> Way:
    """Learn by the bi-level loop with settings changed; warm-up and loop have as many steps as plain training."""

    def way(study: Study, config: TrainConfig, place: Place) -> tuple[nn.Module, Sequence[CorrectedLabels]]:
        config = override(replace(config, steps=config.steps - config.meta.warm_up_steps), changes)
        return _by_method("meta")(study, config, place)

    return way


WAYS: dict[str, Way] = {
    "plain": _plain,
    "fine-tuned on clean": _fine_tuned,
    "bi-level": _bilevel(),
    "bi-level, meta step off": _bilevel("meta.bilevel.meta=false"),
    "context": _by_method("context"),
    "change-point": _by_method("changepoint"),
    "change-point, no clips": _by_method("changepoint", clips=False),
    "truth": _truth,
}
VARIANTS: dict[str, Way] = {
    "held: pairs of a recording": _bilevel("meta.held=paired"),
    "held: as they come": _bilevel("meta.held=natural"),
    "centred gradient": _bilevel("meta.bilevel.centred=true"),
    "corrector of six weights": _bilevel("meta.corrector.form=few"),
    "six weights, meta off": _bilevel("meta.corrector.form=few", "meta.bilevel.meta=false"),
    "corrector of the paper": _bilevel("meta.corrector.form=reference"),
}
_LONG = replace(CONFIG, steps=LONGER * CONFIG.steps, validate_every=LONGER * CONFIG.validate_every)
_CORE = ("plain", "bi-level", "bi-level, meta step off", "truth")
FURTHER_CHANCES: dict[str, tuple[tuple[str, ...], TrainConfig]] = {
    "variants": (tuple(VARIANTS), CONFIG),
    f"{LONGER} times the steps": (_CORE, _LONG),
    "8 s windows": (_CORE, replace(CONFIG, windows=WindowConfig(window_s=8.0, hop_s=2.0))),
    "16 s windows": (("plain", "truth"), replace(CONFIG, windows=WindowConfig(window_s=16.0, hop_s=2.0))),
}
"""What might help the bi-level loop, and how long a window should be: the ways and settings of each table."""


def _beside_variants(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Repeat what the deciding table holds of the variants' patients: the same runs need not be made twice."""
    return [
        {**row, "condition": f"{DECIDING}, variants"}
        for row in rows
        if (row["condition"], row["backbone"]) == (DECIDING, "resnet")
        and row["seed"] in FEW_SEEDS
        and row["way"] in _CORE
    ]


def _write_down(out: Path, rows: list[dict[str, Any]], tasks: Sequence[Task]) -> str:
    settings = {"versions": versions(), "size": to_table(tasks[0].size), "config": to_table(tasks[0].config)}
    conditions = {name: to_table(errors) if errors else {} for name, errors in CONDITIONS.items()}
    (out / "autolabel.toml").write_text(
        to_toml({**settings, "conditions": conditions, "rows": sorted(rows, key=_key)}), encoding="utf-8"
    )
    return f"{table_text([*_beside_variants(rows), *rows])}\n\n{failures_text(rows)}"
