"""Models trained on simulated patients only, run on one real seizure that none of them saw.

The recording is of an adult's temporal lobe seizure, marked at 350 s of 500 s (courtesy of B. Malow, University of
Michigan; Ombao et al., JASA 2005). Each seed simulates other patients and trains another network; calibration and alarm
threshold are fitted on simulated patients too. Nothing is fitted on the recording: it is scored once by each model.
"""

import os
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Progress
from eegwarn.config import to_table, to_toml
from eegwarn.errors import CohortError
from eegwarn.signal import open_recording
from eegwarn.warning.alarm import find_alarms
from eegwarn.warning.calibrate import probability
from training.benchmarks.figures import draw_curves
from training.benchmarks.label_study import SIMULATION, StudySize, make_study
from training.cache import cached_windows
from training.config import TrainConfig
from training.fit import fit_warning
from training.loop import Place, repeatable
from training.methods import learn
from training.network import judge_recording
from training.record import versions
from training.shipped import shipped_config
from training.workers import worker_processes

SEEDS = (6100, 6101, 6102, 6103, 6104)
BACKBONES = ("resnet", "lstm")
SIZE = StudySize(n_validation=6, n_test=0)
MARKED_S, WANTED_S, CALM_UNTIL_S = 350.0, (345.0, 375.0), 340.0


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Train with every seed and network, score the recording, and write ``transfer.toml`` and ``transfer.png``."""
    recording = Path(os.environ.get("EEGWARN_DATA", "../shared/data")) / "michigan_tle" / "michigan_tle.edf"
    if not recording.is_file():
        raise CohortError(f"There is no {str(recording)!r}. Set EEGWARN_DATA to the folder that holds michigan_tle.")
    chosen = [(kind, seed) for kind in BACKBONES for seed in SEEDS[: 1 if quick else len(SEEDS)]]
    results = []
    with worker_processes() as pool:
        running = [pool.submit(score_with, kind, seed, recording) for kind, seed in chosen]
        progress("models", 0, len(chosen))
        for done in as_completed(running):
            results.append(done.result())
            progress("models", len(results), len(chosen))
    results.sort(key=lambda each: (each[0]["backbone"], each[0]["seed"]))
    rows = [row for row, _, _ in results]
    titles = [f"{row['backbone']}, seed {row['seed']}, threshold {row['threshold']:.2f}" for row in rows]
    curves = [(title, *curve) for title, (_, *curve) in zip(titles, results, strict=True)]
    draw_curves(out / "transfer.png", curves, onset_s=MARKED_S, alarms_s=[row["alarms_s"] for row in rows])
    settings = {"versions": versions(), "simulation": to_table(SIMULATION), "config": to_table(_config("resnet", 0))}
    (out / "transfer.toml").write_text(to_toml({"size": to_table(SIZE), **settings, "models": rows}), encoding="utf-8")
    return _text(rows)


def _config(backbone: str, seed: int) -> TrainConfig:
    return replace(shipped_config("demo"), backbone=backbone, seed=seed)  # type: ignore[arg-type]


def score_with(backbone: str, seed: int, path: Path) -> tuple[dict[str, Any], NDArray[np.float64], NDArray[np.float64]]:
    """Train one model on simulated patients and score the recording.

    Returns
    -------
    row : dict
        Alarms and warning levels.
    time_s, level : ndarray, shape (n_windows,)
        The warning level over time.
    """
    config = _config(backbone, seed)
    with TemporaryDirectory() as folder, repeatable(1):
        cache = Path(folder)
        study = make_study(seed, None, SIZE, config, cache=cache)
        place = Place(cache / "checkpoint", "transfer", torch.device("cpu"))
        network = learn(study.training, study.validation, config, place).network
        logits = [judge_recording(network, each.windows, place.device) for each in study.validation]
        fitted = fit_warning(study.validation, logits, config)
        windows = cached_windows(open_recording(path), "real", config.signal, config.windows, cache=cache)
        level = probability(fitted.calibration, judge_recording(network, windows, place.device))
    time_s = windows.end_s
    raised_s = [alarm.raised_s for alarm in find_alarms(time_s, level, fitted.alarm)[0]]
    row = {
        "backbone": backbone,
        "seed": seed,
        "threshold": fitted.alarm.threshold,
        "alarms_s": raised_s,
        "as_wanted": any(WANTED_S[0] <= each <= WANTED_S[1] for each in raised_s)
        and not any(each < CALM_UNTIL_S for each in raised_s),
        "highest_level_before": float(np.nanmax(level[time_s < CALM_UNTIL_S])),
        "mean_level_in_seizure": float(np.nanmean(level[(time_s >= 365) & (time_s < 430)])),
    }
    return row, time_s, level


def _text(rows: list[dict[str, Any]]) -> str:
    lines = [f"{'network':<9}{'seed':>6}{'threshold':>11}{'highest before 340 s':>22}{'365-430 s':>11}  alarms at (s)"]
    for row in rows:
        raised = ", ".join(f"{each:.0f}" for each in row["alarms_s"]) or "none"
        lines.append(
            f"{row['backbone']:<9}{row['seed']:>6}{row['threshold']:>11.2f}{row['highest_level_before']:>22.2f}"
            f"{row['mean_level_in_seizure']:>11.2f}  {raised}"
        )
    for backbone in dict.fromkeys(row["backbone"] for row in rows):
        own = [row for row in rows if row["backbone"] == backbone]
        n_right = sum(row["as_wanted"] for row in own)
        lines.append(
            f"{backbone}: {n_right} of {len(own)} raise an alarm between {WANTED_S[0]:.0f} and {WANTED_S[1]:.0f} s and "
            f"none before {CALM_UNTIL_S:.0f} s (marked onset {MARKED_S:.0f} s)."
        )
    return "\n".join(lines)
