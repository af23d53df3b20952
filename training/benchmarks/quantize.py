"""What weights of few bits cost, by bits, quantiser and way to train: quality, bytes, latency, memory, and step time.

For each seed patients are simulated and a network is trained in full precision; every way starts from it, and what is
scored on the patients never seen is the file that would ship: 8-bit arithmetic, calibration and threshold fitted anew.
Labels are one expert's marks for training and validation, the truth for the test. Rows are kept line by line, so that a
run that was interrupted goes on.
"""

import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from eegwarn.backbones import Backbone
from eegwarn.bedside.bundle import Bundle, ModelConfig, packed
from eegwarn.bedside.runtime import Runtime
from eegwarn.bedside.scoring import Progress
from eegwarn.config import override, to_table, to_toml
from training.benchmarks.kept_rows import Row, add_rows, read_rows
from training.benchmarks.label_scores import score_network
from training.benchmarks.label_study import TRAINING, Study, StudySize, make_study
from training.benchmarks.quantize_steps import time_steps
from training.benchmarks.quantize_table import draw_pareto, steps_text, table_text
from training.config import TrainConfig
from training.export import export_onnx, in_whole_blocks
from training.finetune import QuantizeConfig
from training.footprint import measure_footprints
from training.loop import Place, repeatable
from training.network import train_network
from training.record import versions
from training.small import make_small

SEEDS = (5200, 5201, 5202)
BACKBONES = ("resnet", "lstm")
SIZE = StudySize(n_clips=0)
CONFIG = replace(TRAINING, steps=300)
TUNED = QuantizeConfig(steps=150, validate_every=50, patience=100)
SGD_RATES = (0.003, 0.03, 0.3)
"""Of gradient descent; the best on the validation patients counts."""

FULL = "full precision"
_POST, _STE, _SGD = "post-training", "STE, Adam", "STE, SGD tuned"
_FORMS = {
    "8 bits": "metaquant.bits=8",
    "4 bits": "metaquant.bits=4",
    "2 bits": "metaquant.bits=2",
    "ternary": "metaquant.bits=2 metaquant.quantizer=ternary",
    "1 bit": "metaquant.bits=1",
    "1 bit, BWN": "metaquant.bits=1 metaquant.quantizer=bwn",
}
"""Weights: settings of each form."""

_TRAINED = {
    _POST: "method=post-training",
    _STE: "method=ste",
    "M frozen at 1": "method=ste metaquant.meta=ones",
    "FCGrad": "method=metaquant metaquant.meta=fcgrad",
    "MultiFC": "method=metaquant metaquant.meta=multifc",
    "LSTMFC": "method=metaquant metaquant.meta=lstmfc",
    _SGD: "method=ste metaquant.refinement=sgd",
    "MultiFC, SGD tuned": "method=metaquant metaquant.meta=multifc metaquant.refinement=sgd",
}
"""Ways to train: settings of each."""

_FEW = (_POST, _STE, "MultiFC")
_PLAN = {
    "8 bits": (_POST,),
    "4 bits": _FEW,
    "2 bits": _FEW,
    "ternary": _FEW,
    "1 bit": tuple(_TRAINED),
    "1 bit, BWN": (_POST, _STE, "M frozen at 1", "FCGrad", "MultiFC", "LSTMFC"),
}
WAYS = {f"{form}: {way}": (form, way) for form, ways in _PLAN.items() for way in ways}
"""Every row of the table but full precision."""


@dataclass(frozen=True)
class Task:
    """One seed with one network: every way.

    Parameters
    ----------
    seed : int
        Of patients and network.
    backbone : str
        Network.
    ways : tuple of str
        Of `WAYS`.
    size : StudySize
        How much is simulated.
    config : TrainConfig
        Training in full precision.
    tuned : QuantizeConfig
        Training through the quantiser.
    """

    seed: int
    backbone: str
    ways: tuple[str, ...]
    size: StudySize
    config: TrainConfig
    tuned: QuantizeConfig


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Train and score every way, time steps, and write ``quantize.toml`` and ``quantize.png``."""
    name = "quantize-quick" if quick else "quantize"
    tasks, kept, scratch = _tasks(quick), out / f"{name}.jsonl", out / f"{name}-scratch"
    known = frozenset(_key(row) for row in read_rows(kept))
    n_rows = sum(len(task.ways) + 1 for task in tasks)
    rows = add_rows(kept, do_task, [(task, known, scratch) for task in tasks], n_rows=n_rows, progress=progress)
    rows.sort(key=_key)
    _add_footprints(rows, scratch)
    steps_ms = time_steps(BACKBONES, n_rounds=1 if quick else 7)
    settings = {
        "versions": versions() | {"onnxruntime": version("onnxruntime")},
        "processor": platform.processor() or platform.machine(),
        "size": to_table(tasks[0].size),
        "config": to_table(tasks[0].config),
        "quantize": to_table(tasks[0].tuned),
    }
    table = {**settings, "steps_ms": steps_ms, "rows": rows}
    (out / f"{name}.toml").write_text(to_toml(table), encoding="utf-8")
    draw_pareto(out / f"{name}.png", rows)
    shutil.rmtree(scratch, ignore_errors=True)
    return f"{table_text(rows, (FULL, *WAYS))}\n\n{steps_text(steps_ms)}"


def settings_of(way: str) -> list[str]:
    """Give the settings of a `QuantizeConfig` that make one of `WAYS`, but for a rate that is tuned."""
    form, training = WAYS[way]
    return [*_FORMS[form].split(), *_TRAINED[training].split()]


def _tasks(quick: bool) -> list[Task]:
    if quick:
        size = StudySize(n_training=4, n_validation=3, n_test=3, n_clips=0)
        short = replace(CONFIG, steps=40, validate_every=40)
        tuned = replace(TUNED, steps=20, validate_every=20)
        ways = ("8 bits: post-training", "1 bit: STE, Adam", "1 bit: MultiFC")
        return [Task(SEEDS[0], "resnet", ways, size, short, tuned)]
    return [Task(seed, backbone, tuple(WAYS), SIZE, CONFIG, TUNED) for seed in SEEDS for backbone in BACKBONES]


def _key(row: Row) -> tuple[str, int, str]:
    return row["backbone"], row["seed"], row["way"]


def do_task(task: Task, known: frozenset[tuple[str, int, str]], scratch: Path) -> list[Row]:
    """Train in full precision, then in every way; training that is done already is only loaded."""
    wanted = [way for way in (FULL, *task.ways) if (task.backbone, task.seed, way) not in known]
    if not wanted:
        return []
    config = replace(task.config, backbone=task.backbone, seed=task.seed)  # type: ignore[arg-type]
    folder = scratch / f"{task.backbone}-{task.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(folder / "checkpoint", folder.name, torch.device("cpu"))
    study = make_study(task.seed, None, task.size, config, cache=scratch / f"signals-{task.seed}")
    parts = {"training": study.training, "validation": study.validation}
    rows = []
    with repeatable(config.threads):
        labels = [each.target for each in study.training]
        network = train_network(study.training, labels, study.validation, config, place).network
        full = _full_model(network, config)
        for way in wanted:
            model = full if way == FULL else _best(full, network, parts, config, task.tuned, way, place)
            (folder / f"{way}.eegwarn").write_bytes(packed(model))
            rows.append(
                {"seed": task.seed, "backbone": task.backbone, "way": way, **_score(model, study, config)}
                | {key: model.record[key] for key in ("logit_rms_difference",) if key in model.record}
            )
    return rows


def _full_model(network: Backbone, config: TrainConfig) -> Bundle:
    n_times, n_channels = config.windows.in_samples(config.signal.sfreq)[0], config.backbone_config.n_channels
    return Bundle(
        ModelConfig(
            signal=config.signal,
            windows=config.windows,
            alarm=config.alarm,
            backbone={"kind": config.backbone, **to_table(config.backbone_config)},
        ),
        in_whole_blocks(export_onnx(network, n_channels=n_channels, n_times=n_times)),
        save({name: value.contiguous() for name, value in network.state_dict().items()}),
    )


def _best(
    full: Bundle,
    network: Backbone,
    parts: dict[str, Any],
    config: TrainConfig,
    tuned: QuantizeConfig,
    way: str,
    place: Place,
) -> Bundle:
    """Make the small model; where rates are tuned, the one whose training the validation patients liked best."""
    rates = SGD_RATES if "SGD" in way else (tuned.metaquant.learning_rate,)
    made = []
    for rate in rates:
        chosen = override(tuned, [*settings_of(way), f"metaquant.learning_rate={rate}"])
        own = replace(place, checkpoint=place.checkpoint.with_name(f"{way} {rate}"), run=f"{place.run} {way} {rate}")
        model = make_small(full, network, parts, config, chosen, own)
        about = model.record["quantize"]
        made.append(replace(model, record={"rate": rate, **about}))
    return max(made, key=lambda model: model.record.get("validation_auroc", 0.0))


def _score(model: Bundle, study: Study, config: TrainConfig) -> dict[str, float]:
    runtime = Runtime(model)
    validation, test = ([runtime.logit(each.windows) for each in part] for part in (study.validation, study.test))
    return score_network(study, validation, test, config)


def _add_footprints(rows: Sequence[Row], scratch: Path) -> None:
    """Add bytes, latency and memory to every row, measured when nothing else of this benchmark runs.

    One model stands for all seeds and ways with the same network and the same form of weights: they differ in numbers
    only.
    """
    models: dict[tuple[str, str], Path] = {}
    for row in rows:
        path = scratch / f"{row['backbone']}-{row['seed']}" / f"{row['way']}.eegwarn"
        if path.exists():
            models.setdefault((row["backbone"], row["way"].partition(":")[0]), path)
    measured = dict(zip(models, measure_footprints(list(models.values())), strict=True))
    for row in rows:
        footprint = measured.get((row["backbone"], row["way"].partition(":")[0]))
        if footprint is not None:
            row |= {
                "n_bytes": footprint.n_bytes,
                "latency_ms": footprint.latency_ms,
                "peak_memory_mb": footprint.peak_memory_mb,
            }
