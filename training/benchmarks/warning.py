"""Early-warning indicators over horizons on simulated patients, half of whom change before their seizures.

Four indicators (the backbone's probability, the corrector's of the bi-level loop, rolling variance, line length) at
horizons from 0 (detection) to 30 minutes, and the backbone's once more in the light of the minutes before. Trained and
calibrated on rough marks of some patients, judged by the truth on others. Skill before seizures counts only against
surrogates, for the patients whose EEG changes (responders) and for those in whom there is nothing to find.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import SimulatedCohortRecording, SimulationConfig, simulated_cohort
from eegwarn.config import to_table, to_toml
from eegwarn.evaluate import ScoredRecording, cohort_skill, patient_skill, rule_of_horizon, score_patients
from eegwarn.signal.windows import WindowConfig
from eegwarn.warning.alarm import alarm_events, find_alarms, smooth
from eegwarn.warning.calibrate import probability
from eegwarn.warning.indicators import INDICATORS, Indicator, RollingVariance, line_length
from eegwarn.warning.trend import follow
from training.benchmarks.kept_rows import add_rows, read_rows
from training.benchmarks.label_study import TRAINING, labelled_by, true_events
from training.config import MetaConfig, TrainConfig
from training.fit import fit_warning
from training.learned import Learned
from training.loop import Place, repeatable
from training.methods import learn
from training.network import judge_recording
from training.record import versions
from training.trend import learn_trend
from training.windows import LabelledRecording, prepare_recordings

SEEDS = (5100, 5101, 5102)
HORIZONS_S = (0.0, 60.0, 300.0, 900.0, 1800.0)
TREND_S = (60.0, 1800.0)
MINUTES = "backbone, minutes"
_NAMES = (*INDICATORS, MINUTES)
SIMULATION = SimulationConfig(seizures_per_hour=0.7)
CONFIG = replace(
    TRAINING,
    method="meta",
    windows=WindowConfig(hop_s=4.0),
    validation_windows=1000,
    patience=8,
    meta=MetaConfig(warm_up_steps=100),
)


@dataclass(frozen=True)
class Size:
    """How much is simulated for a seed: patients of each part, and hours of each."""

    n_training: int = 14
    n_validation: int = 5
    n_test: int = 10
    hours: float = 6.0


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Train for every seed and horizon, score all indicators, and write ``warning.toml``."""
    size = Size(6, 3, 4, 3.0) if quick else Size()
    config = replace(CONFIG, steps=100, validate_every=50, meta=MetaConfig(warm_up_steps=40)) if quick else CONFIG
    seeds, horizons_s = (SEEDS[:1], (0.0, 300.0)) if quick else (SEEDS, HORIZONS_S)
    kept = out / ("warning-quick.jsonl" if quick else "warning.jsonl")
    done = {(row["seed"], row["horizon_s"]) for row in read_rows(kept)}
    # Two processes that began with one seed would both simulate its patients.
    wanted = [(seed, horizon_s) for horizon_s in horizons_s for seed in seeds]
    tasks = [(*each, size, config, out) for each in wanted if each not in done]
    n_rows = sum(len(_NAMES) if horizon_s else len(INDICATORS) for _, horizon_s in wanted)
    rows = add_rows(kept, _score_horizon, tasks, n_rows=n_rows, progress=progress)
    shutil.rmtree(out / "warning-scratch", ignore_errors=True)
    table = {"size": vars(size), "simulation": to_table(SIMULATION), "config": to_table(config), "versions": versions()}
    rows.sort(key=lambda row: (row["horizon_s"], _NAMES.index(row["indicator"]), row["seed"]))
    (out / "warning.toml").write_text(to_toml({**table, "rows": rows}), encoding="utf-8")
    return _text(rows)


def _score_horizon(seed: int, horizon_s: float, size: Size, config: TrainConfig, out: Path) -> list[dict[str, Any]]:
    config = replace(config, seed=seed, horizon_s=horizon_s)
    scratch = out / "warning-scratch" / f"{seed}-{horizon_s:g}"
    scratch.mkdir(parents=True, exist_ok=True)
    cohort = simulated_cohort(
        size.n_training + size.n_validation + size.n_test, hours=size.hours, seed=seed, config=SIMULATION
    )
    cache = out / "warning-scratch" / f"{seed}"
    prepared = prepare_recordings(cohort, cohort.recordings, config, cache=cache, step="simulate").recordings
    training, rest = prepared[: size.n_training], prepared[size.n_training :]
    validation = rest[: size.n_validation]
    test = [labelled_by(each, true_events(each), (), config) for each in rest[size.n_validation :]]
    with repeatable(config.threads):
        place = Place(scratch / "checkpoint", "warning", torch.device("cpu"))
        learned = learn(training, validation, replace(config, indicator="meta"), place)
        scores = _scores(learned, training, (validation, test), place, config)
        rows = [
            {
                "seed": seed,
                "horizon_s": horizon_s,
                "indicator": indicator,
                **_judge(validation, test, of_validation, of_test, config),
            }
            for indicator, (of_validation, of_test) in scores.items()
        ]
    shutil.rmtree(scratch, ignore_errors=True)
    return rows


Part = Sequence[LabelledRecording]
Scores = list[NDArray[np.float64]]


def _scores(
    learned: Learned, training: Part, parts: tuple[Part, Part], place: Place, config: TrainConfig
) -> dict[str, list[Scores]]:
    """Score every window of the recordings of either part, by every indicator."""
    # The network of the indicator "meta" is the corrector; the state holds the backbone that it taught.
    backbone, corrector = learned.state.network, learned.network
    ways: dict[str, Indicator] = {
        "backbone": partial(judge_recording, backbone, device=place.device),
        "meta": partial(judge_recording, corrector, device=place.device),
        "variance": lambda windows: RollingVariance()(windows),  # which remembers the recording it is of
        "line-length": line_length,
    }
    scores = {name: [[ways[name](each.windows) for each in part] for part in parts] for name in INDICATORS}
    if config.horizon_s:
        hop_s = config.windows.hop_s
        trend = learn_trend(backbone, training, learned.targets(training), place, time_constants_s=TREND_S, hop_s=hop_s)
        scores[MINUTES] = [[follow(logit, hop_s, trend)[0] for logit in part] for part in scores["backbone"]]
    return scores


def _judge(
    validation: Sequence[LabelledRecording],
    test: Sequence[LabelledRecording],
    fitted_on: list[NDArray[np.float64]],
    scores: list[NDArray[np.float64]],
    config: TrainConfig,
) -> dict[str, Any]:
    """Calibrate and choose the threshold by the validation patients' marks, and judge by the test patients' truth."""
    fitted = fit_warning(validation, fitted_on, config)
    scored = []
    for each, score in zip(test, scores, strict=True):
        level, end_s = probability(fitted.calibration, score), each.windows.end_s
        alarms, _ = find_alarms(end_s, level, fitted.alarm)
        scored.append(
            ScoredRecording(
                patient_id=each.source.patient_id,
                name=each.source.name,
                duration_s=each.source.duration_s,
                time_s=end_s,
                probability=level,
                label=np.where(each.counted, each.positive, np.nan),
                seizures=each.source.events,
                alarms=alarm_events(alarms, end_s=float(end_s[-1])),
                smoothed=smooth(end_s, level, fitted.alarm),
            )
        )
    patients = score_patients(scored, forecast=rule_of_horizon(config.horizon_s))
    of_patient = {each.source.patient_id: each for each in test}
    responds = np.array([_responds(of_patient[patient.patient_id]) for patient in patients])
    rng = np.random.default_rng(config.seed)
    skills = [patient_skill(patient.moments, rng) for patient in patients]
    row: dict[str, Any] = {
        "auroc": float(np.nanmean([patient.samples.auroc for patient in patients])),
        "auroc_responders": _mean([p.samples.auroc for p, own in zip(patients, responds, strict=True) if own]),
        "auroc_others": _mean([p.samples.auroc for p, own in zip(patients, responds, strict=True) if not own]),
        "f1": _mean([patient.all_events.f1 for patient in patients]),
        "sensitivity": _mean([patient.all_events.sensitivity for patient in patients]),
        "false_alarms_per_day": _mean([patient.all_events.false_alarms_per_day for patient in patients]),
    }
    for name, chosen in (("responders", responds), ("others", ~responds)):
        group = [skill for skill, own in zip(skills, chosen, strict=True) if own]
        skill = cohort_skill(group, rng)
        row |= {f"n_{name}": len(group), f"n_below_{name}": skill.n_below, f"n_tested_{name}": skill.n_tested}
        row |= {f"area_{name}": skill.area, f"p_{name}": skill.p_value}
    return row


def _responds(recording: LabelledRecording) -> bool:
    source = recording.source
    return isinstance(source, SimulatedCohortRecording) and source.simulated.epilepsy.preictal_strength > 0


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _text(rows: list[dict[str, Any]]) -> str:
    heading = (
        f"{'horizon s':>9}  {'indicator':<18}{'AUROC':>8}{'responders':>12}{'others':>8}{'event F1':>10}"
        f"{'false/day':>11}  better than chance (p < 0.05): responders, others"
    )
    lines = [heading]
    for horizon_s in dict.fromkeys(row["horizon_s"] for row in rows):
        for indicator in _NAMES:
            own = [row for row in rows if (row["horizon_s"], row["indicator"]) == (horizon_s, indicator)]
            if not own:
                continue
            auroc, responders, others, f1, rate = (
                _mean([row[name] for row in own])
                for name in ("auroc", "auroc_responders", "auroc_others", "f1", "false_alarms_per_day")
            )
            skill = ", ".join(
                f"{sum(row[f'n_below_{name}'] for row in own)} of {sum(row[f'n_tested_{name}'] for row in own)}"
                for name in ("responders", "others")
            )
            lines.append(
                f"{horizon_s:>9.0f}  {indicator:<18}{auroc:>8.3f}{responders:>12.3f}{others:>8.3f}{f1:>10.2f}"
                f"{rate:>11.1f}  {skill if horizon_s else '-'}"
            )
    n_seeds = len({row["seed"] for row in rows})
    return "\n".join(
        [*lines, f"Means over patients and {n_seeds} seeds; each patient against time-shifted surrogates."]
    )
