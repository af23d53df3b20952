"""Hardness of the simulated cohort for line length, variance and logistic regression on band powers.

Windows of 4 s from three times are each set against interictal ones: the established seizure, its early stage, and the
five minutes before it. "Within" trains and tests on one patient, whole stretches apart; "across" tests on patients that
were not trained on. Skill before seizures counts only against surrogates: with few seizures a patient without change
reaches an AUROC of .7 by chance. In a surrogate one of three stretches, the five minutes before a seizure and calm ones
an hour before and after it, is called pre-ictal at random, for every seizure; so a preference of seizures for the night
is no skill. Every figure is given for several cohorts, none of which was looked at while the simulator was made.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from eegwarn import __version__
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import (
    PatientSignal,
    SimulatedPatient,
    SimulatedSeizure,
    SimulationConfig,
    patient_recording,
    seizures_until,
    simulate_patient,
)
from eegwarn.config import to_table, to_toml
from eegwarn.signal import SignalConfig, WindowConfig, stream_windows
from training.benchmarks.kept_rows import Row, add_rows, read_rows

SEEDS = tuple(range(20300, 20306))
N_PATIENTS = 18
HOURS = 24.0
# So few that hours without any lie between most, of which no more is simulated than is used.
CONFIG = SimulationConfig(seizures_per_hour=0.25)
SIGNAL = SignalConfig(missing="mask")
WINDOWS = WindowConfig(window_s=4.0, hop_s=2.0)
N_SURROGATES = 40
_PREICTAL_S = 300.0
_CALM_S = 2400.0
_APART_S = 3600.0
_N_FOLDS = 4
_BANDS_HZ = ((0.5, 4), (4, 8), (8, 13), (13, 30), (30, 40))
INTERICTAL, PREICTAL, EARLY, ICTAL, UNUSED = range(5)
_TASKS = {"ictal": ICTAL, "early ictal": EARLY, "pre-ictal": PREICTAL}


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Simulate what is needed of each patient's hours, score, and write ``difficulty.toml``."""
    seeds, n_patients = (SEEDS[:1], 8) if quick else (SEEDS, N_PATIENTS)
    kept = out / ("difficulty-quick.jsonl" if quick else "difficulty.jsonl")
    known = {row["seed"] for row in read_rows(kept)}
    tasks = [(seed, n_patients) for seed in seeds if seed not in known]
    cohorts = sorted(
        add_rows(kept, _score_cohort, tasks, n_rows=len(seeds), progress=progress),
        key=lambda row: seeds.index(row["seed"]),
    )
    rows = [{"seed": cohort["seed"], **row} for cohort in cohorts for row in cohort["auroc"]]
    before = [{"seed": cohort["seed"], **row} for cohort in cohorts for row in cohort["before_seizures"]]
    settings = {
        "eegwarn": __version__,
        "seeds": list(seeds),
        "n_patients": n_patients,
        "hours": HOURS,
        "n_surrogates": N_SURROGATES,
    }
    tables = {"simulation": to_table(CONFIG), "signal": to_table(SIGNAL), "windows": to_table(WINDOWS)}
    (out / "difficulty.toml").write_text(
        to_toml({**settings, **tables, "auroc": rows, "before_seizures": before}), encoding="utf-8"
    )
    return _text(rows, before)


def _score_cohort(seed: int, n_patients: int) -> list[Row]:
    """Score one cohort, as one row."""
    patients = [patient_windows(simulate_patient(number, seed=seed, config=CONFIG)) for number in range(n_patients)]
    against_chance = (
        score_against_surrogates(windows, np.random.default_rng((seed, number)))
        for number, windows in enumerate(patients)
    )
    return [
        {
            "seed": seed,
            "auroc": [score_task(name, state, patients) for name, state in _TASKS.items()],
            "before_seizures": [row for row in against_chance if row],
        }
    ]


@dataclass(frozen=True)
class PatientWindows:
    """Features of one patient's windows.

    Parameters
    ----------
    responder : bool
        Whether the patient's EEG changes before seizures.
    band_power : ndarray, shape (n_windows, 18 * 5)
        Logarithm of the power of each band in each derivation.
    line_length, variance : ndarray, shape (n_windows,)
        Mean over derivations, in µV/s and µV².
    state : ndarray, shape (n_windows,)
        INTERICTAL, PREICTAL, EARLY, ICTAL or UNUSED, from the truth.
    stretch : ndarray, shape (n_windows,)
        Which uninterrupted stretch the window is from.
    seizure : ndarray, shape (n_windows,)
        Which seizure the stretch holds, or was chosen for as a calm one near in time.
    """

    responder: bool
    band_power: NDArray[np.float64]
    line_length: NDArray[np.float64]
    variance: NDArray[np.float64]
    state: NDArray[np.int64]
    stretch: NDArray[np.int64]
    seizure: NDArray[np.int64]


def patient_windows(patient: SimulatedPatient) -> PatientWindows:
    """Simulate what is needed of one patient's day: the time round each seizure and calm stretches near it."""
    seizures = [seizure for seizure in seizures_until(patient, HOURS * 3600) if seizure.offset_s < HOURS * 3600]
    stretches = [(max(s.onset_s - _PREICTAL_S - 60, 0.0), s.offset_s, number) for number, s in enumerate(seizures)]
    stretches += _calm_stretches(seizures)
    signal = PatientSignal(patient)
    parts = []
    for number, (start_s, stop_s, seizure) in enumerate(sorted(stretches)):
        features, begin_s = _features(signal, start_s, stop_s - start_s)
        of_stretch = np.tile([number, seizure], (len(begin_s), 1))
        parts.append((features, window_states(begin_s, seizures), of_stretch))
    features, state, of_stretch = (np.concatenate(part) for part in zip(*parts, strict=True))
    return PatientWindows(
        responder=patient.epilepsy.preictal_strength > 0,
        line_length=features[:, 0],
        variance=features[:, 1],
        band_power=features[:, 2:],
        state=state,
        stretch=of_stretch[:, 0],
        seizure=of_stretch[:, 1],
    )


def _calm_stretches(seizures: list[SimulatedSeizure]) -> list[tuple[float, float, int]]:
    """Give start, stop and seizure of the stretches an hour before and after the one before each seizure, where calm.

    Equally far apart, no two of them are more alike than others because vigilance changes slowly.
    """
    calm = []
    for number, seizure in enumerate(seizures):
        for stop_s in (seizure.onset_s - _APART_S, seizure.onset_s + _APART_S):
            start_s = stop_s - _PREICTAL_S
            free = all(stop_s < s.onset_s - _CALM_S or start_s > s.offset_s + _CALM_S / 2 for s in seizures)
            if free and start_s >= 0 and stop_s <= HOURS * 3600:
                calm.append((start_s, stop_s, number))
    return calm


def _features(
    signal: PatientSignal, start_s: float, duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (line length, variance, band powers) and begin, in the patient's time, of every usable window."""
    recording = patient_recording(signal, start_s=start_s, duration_s=duration_s, layout="chb-mit")
    rows, begin_s = [], []
    for windows in stream_windows(recording, SIGNAL, WINDOWS):
        if not len(windows):
            continue
        data = windows.data[windows.usable]
        hz, power = welch(data, SIGNAL.sfreq, nperseg=256)
        bands = [power[..., (hz >= low) & (hz < high)].mean(axis=-1) for low, high in _BANDS_HZ]
        line_length = np.abs(np.diff(data, axis=-1)).mean(axis=(1, 2)) * SIGNAL.sfreq
        variance = data.var(axis=-1).mean(axis=-1)
        rows.append(np.column_stack([line_length, variance, np.log(np.concatenate(bands, axis=1) + 0.01)]))
        begin_s.append(windows.start_s[windows.usable] + start_s)
    return np.vstack(rows), np.concatenate(begin_s)


def window_states(begin_s: NDArray[np.float64], seizures: list[SimulatedSeizure]) -> NDArray[np.int64]:
    """State of every window from the truth; one that straddles two, or comes too soon after a seizure, is UNUSED."""
    state = np.full(len(begin_s), INTERICTAL)
    end_s = begin_s + WINDOWS.window_s
    for seizure in seizures:
        state[(end_s > seizure.onset_s - _CALM_S) & (begin_s < seizure.offset_s)] = UNUSED
        state[(begin_s >= seizure.onset_s - _PREICTAL_S) & (end_s <= seizure.onset_s)] = PREICTAL
    for seizure in seizures:
        # In a cluster the minutes before one seizure are those after another: skill there would be no foresight.
        state[(end_s > seizure.onset_s) & (begin_s < seizure.offset_s + _CALM_S / 2)] = UNUSED
        early_end_s = seizure.onset_s + max(seizure.early_s, WINDOWS.window_s)
        state[(begin_s >= seizure.onset_s) & (end_s <= early_end_s)] = EARLY
        state[(begin_s >= early_end_s) & (end_s <= seizure.offset_s)] = ICTAL
    return state


def score_task(name: str, state: int, patients: list[PatientWindows]) -> dict[str, Any]:
    """AUROC of each method for one task; "pooled" puts all patients' windows on one scale, as one threshold would."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    used = [np.isin(windows.state, (INTERICTAL, state)) for windows in patients]
    features = np.vstack([windows.band_power[keep] for windows, keep in zip(patients, used, strict=True)])
    label = np.concatenate([windows.state[keep] == state for windows, keep in zip(patients, used, strict=True)])
    owner = np.repeat(np.arange(len(patients)), [np.count_nonzero(keep) for keep in used])
    row: dict[str, Any] = {"task": name, "n_windows": len(label), "n_positive": int(label.sum())}
    for method in ("line_length", "variance"):
        score = np.concatenate([getattr(windows, method)[keep] for windows, keep in zip(patients, used, strict=True)])
        row[f"{method} pooled"] = roc_auc_score(label, score)
        row[f"{method} within"] = _mean_auroc(label, score, owner)
    score = _cross_validated(features, label, GroupKFold(6).split(features, label, owner))
    row["logistic across, pooled"] = roc_auc_score(label, score)
    row["logistic across"] = _mean_auroc(label, score, owner)
    within = [score_within(windows, state) for windows in patients]
    row["logistic within"] = float(np.nanmean(within))
    return {key: round(float(value), 3) if isinstance(value, float) else value for key, value in row.items()}


def _mean_auroc(label: NDArray[np.bool_], score: NDArray[np.float64], owner: NDArray[np.int64]) -> float:
    """Mean over patients of their own AUROC; a patient without both classes is left out."""
    from sklearn.metrics import roc_auc_score

    parts = [owner == number for number in np.unique(owner)]
    return float(np.mean([roc_auc_score(label[part], score[part]) for part in parts if 0 < label[part].mean() < 1]))


def score_within(windows: PatientWindows, state: int, positive: NDArray[np.bool_] | None = None) -> float:
    """AUROC of logistic regression on one patient, whole stretches left out in turn; NaN with too few of them.

    ``positive`` (n_windows,), if given, says instead of ``state`` which of the kept windows are called positive.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    keep = np.isin(windows.state, (INTERICTAL, state))
    label = (windows.state == state)[keep] if positive is None else positive[keep]
    stretch = windows.stretch[keep]
    if min(len(np.unique(stretch[label])), len(np.unique(stretch[~label]))) < _N_FOLDS:
        return float("nan")
    folds = StratifiedGroupKFold(_N_FOLDS).split(stretch, label, stretch)
    return float(roc_auc_score(label, _cross_validated(windows.band_power[keep], label, folds)))


def _cross_validated(features: NDArray[np.float64], label: NDArray[np.bool_], folds: Any) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    score = np.zeros(len(label))
    for train, test in folds:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=300))
        score[test] = model.fit(features[train], label[train]).decision_function(features[test])
    return score


def score_against_surrogates(windows: PatientWindows, rng: np.random.Generator) -> dict[str, Any]:
    """AUROC before seizures, and its p value among surrogates that call a near stretch pre-ictal; empty if too few."""
    auroc = score_within(windows, PREICTAL)
    if np.isnan(auroc):
        return {}
    keep = np.isin(windows.state, (INTERICTAL, PREICTAL))
    before = np.unique(windows.seizure[windows.state == PREICTAL])
    choices = [np.unique(windows.stretch[keep & (windows.seizure == number)]) for number in before]
    chance = []
    for _ in range(N_SURROGATES):
        called = [rng.choice(stretches) for stretches in choices]
        chance.append(score_within(windows, PREICTAL, np.isin(windows.stretch, called)))
    p_value = (1 + sum(other >= auroc for other in chance)) / (1 + N_SURROGATES)
    return {"responder": windows.responder, "auroc": round(auroc, 3), "p_value": round(p_value, 3)}


def _text(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> str:
    n_cohorts = len({row["seed"] for row in rows})
    methods = [key for key in rows[0] if key not in ("seed", "task", "n_windows", "n_positive")]
    lines = [
        f"AUROC of windows of {WINDOWS.window_s:.0f} s: mean (least to most) of {n_cohorts} cohorts",
        " " * 26 + "".join(f"{task:>22}" for task in _TASKS),
    ]
    for method in methods:
        found = ([row[method] for row in rows if row["task"] == task] for task in _TASKS)
        cells = (f"{np.mean(values):.3f} ({min(values):.2f} to {max(values):.2f})" for values in found)
        lines.append(f"{method:<26}" + "".join(f"{cell:>22}" for cell in cells))
    n_positive = (sum(row["n_positive"] for row in rows if row["task"] == task) for task in _TASKS)
    lines.append(f"{'positive windows':<26}" + "".join(f"{count:>22}" for count in n_positive))
    for responder, name in ((True, "responders"), (False, "non-responders")):
        chosen = [row for row in before if row["responder"] is responder]
        if chosen:
            low, middle, high = np.percentile([row["auroc"] for row in chosen], [0, 50, 100])
            n_above = sum(row["p_value"] <= 0.05 for row in chosen)
            lines.append(
                f"Before seizures, {len(chosen)} {name}: AUROC {low:.2f} to {high:.2f}, median {middle:.2f}; "
                f"{n_above} with p up to 0.05 among their surrogates (by chance {0.05 * len(chosen):.1f})."
            )
    return "\n".join(lines)
