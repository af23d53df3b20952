"""Simulated against real EEG: amplitude, spectrum, waveform and spread of seizures, and how experts disagree.

Every statistic has one definition, applied to both. Real are one temporal-lobe seizure (courtesy of B. Malow,
University of Michigan; Ombao et al., JASA 2001), single-channel segments of Bonn (Andrzejak et al., Phys. Rev. E
64:061907, 2001), and windows and marks of neonates (Stevenson et al., Sci. Data 2019). Pictures of onsets are for
looking at.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt, welch
from scipy.stats import kurtosis

from eegwarn import __version__
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import PatientSignal, SimulationConfig, seizures_until, simulate_patient
from eegwarn.cohort.simulate.geometry import ELECTRODES
from eegwarn.config import to_table, to_toml
from eegwarn.errors import CohortError
from eegwarn.signal import LONGITUDINAL_BIPOLAR, open_recording
from training.benchmarks.disagreement import disagreement, neonatal_marks, simulated_marks

SEED = 20261
EXPERT_SEEDS = (20271, 20272, 20273)
N_PATIENTS = 60
CONFIG = SimulationConfig(seizures_per_hour=0.5)
_SFREQ = 100
_BANDS_HZ = {"delta": (0.5, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}
_ONSET_S, _AROUND_S = 350.0, 430.0
_PRE_S, _ICTAL_S = (-330.0, -10.0), (10.0, 70.0)
_SHOWN_S = (-10.0, 30.0)
_SCALP = tuple(name for name in ELECTRODES if name not in ("FT9", "FT10"))
# Why a value may lie outside, printed with it.
_DIFFERENCES = {
    "Michigan": "Michigan: one person's seizure; a value outside is one that the cohort should reach.",
    "Bonn, healthy": "Bonn: healthy volunteers, awake; the simulated patients also sleep.",
    "Bonn, ictal": "Bonn: seizures recorded inside the brain, without muscle and without the skull's blurring.",
    "neonates": "Neonates: another age; of these windows the ones with seizures are the smaller.",
    "experts": "Experts: onsets are fitted to them; neonates' seizures are longer, so that their ends differ more.",
}

Eeg = NDArray[np.floating]


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Simulate one seizure of each patient and compare; write ``realism.toml`` and ``realism_onsets_*.png``."""
    n_patients = 15 if quick else N_PATIENTS
    data = Path(os.environ.get("EEGWARN_DATA", "../shared/data"))
    if not (data / "michigan_tle").is_dir():
        raise CohortError(f"No real recordings in {str(data)!r}. Set EEGWARN_DATA to their folder.")
    michigan = read_michigan(data)
    shown = [("Michigan", michigan)]
    around, titles = [], []
    for number, (title, eeg) in enumerate(simulated_seizures(n_patients, seed=SEED)):
        progress("patients", number, n_patients)
        around.append(eeg)
        titles.append(title)
    progress("patients", n_patients, n_patients)
    shown += list(zip(titles, around, strict=True))[:7]
    rows = compare("Michigan", [seizure_statistics(michigan)], [seizure_statistics(eeg) for eeg in around])
    rows += compare("Bonn, healthy", *_bonn(data, around, sets="AB", part_s=_PRE_S))
    rows += compare("Bonn, ictal", *_bonn(data, around, sets="E", part_s=_ICTAL_S))
    rows += compare("neonates", [_neonates(data)], [_ictal_ratios(eeg) for eeg in around])
    experts = [disagreement(simulated_marks(n_patients, seed=seed, config=CONFIG)) for seed in EXPERT_SEEDS]
    rows += compare("experts", [disagreement(neonatal_marks(data))], experts)
    _plot(out, shown)
    settings = {
        "eegwarn": __version__,
        "seed": SEED,
        "expert_seeds": list(EXPERT_SEEDS),
        "n_patients": n_patients,
        "n_seizures": len(around),
        "simulation": to_table(CONFIG),
    }
    (out / "realism.toml").write_text(to_toml({**settings, "results": rows}), encoding="utf-8")
    return _text(rows)


def statistics(eeg_uv: Eeg) -> dict[str, float]:
    """Describe a stretch of EEG; every value is the median over channels.

    Parameters
    ----------
    eeg_uv : ndarray, shape (n_channels, n_times)
        In µV, 0.5 to 45 Hz, sampled at 100 Hz.
    """
    hz, power = welch(eeg_uv, _SFREQ, nperseg=4 * _SFREQ)
    inside = (hz >= 2) & (hz <= 40)
    centre = np.median(eeg_uv, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(eeg_uv - centre), axis=1, keepdims=True)
    outside = np.abs(eeg_uv - centre) > 5 * spread
    values = {
        "RMS (µV)": np.sqrt(np.mean(eeg_uv**2, axis=1)),
        "line length (µV/s)": np.mean(np.abs(np.diff(eeg_uv, axis=1)), axis=1) * _SFREQ,
        "slope 2-40 Hz": np.polyfit(np.log(hz[inside]), np.log(power[:, inside].T), 1)[0],
        "kurtosis": kurtosis(eeg_uv, axis=1, fisher=False),
        "transients a minute": np.sum(outside[:, 1:] & ~outside[:, :-1], axis=1) * 60 * _SFREQ / eeg_uv.shape[1],
    }
    for band, share in _band_powers(hz, power).items():
        values[f"relative {band}"] = share / power[:, hz >= 0.5].sum(axis=1)
    result = {name: float(np.median(value)) for name, value in values.items()}
    if len(eeg_uv) > 1:
        between = np.abs(np.corrcoef(eeg_uv))[np.triu_indices(len(eeg_uv), 1)]
        result["median |r|"] = float(np.median(between))
    return result


def _band_powers(hz: NDArray[np.float64], power: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {band: power[:, (hz >= low) & (hz < high)].sum(axis=1) for band, (low, high) in _BANDS_HZ.items()}


def seizure_statistics(around_uv: Eeg) -> dict[str, float]:
    """Describe the EEG before and in a seizure that begins at 350 s; shape (19, n_times), as `prepare` gives it."""
    parts, power = {}, {}
    for name, stretch_s in {"before": _PRE_S, "ictal": _ICTAL_S}.items():
        part = _part(around_uv, stretch_s)
        parts.update({f"{name}: {key}": value for key, value in statistics(part).items()})
        power[name] = _band_powers(*welch(part, _SFREQ, nperseg=4 * _SFREQ))
    for band in _BANDS_HZ:
        parts[f"ictal / before: {band} power"] = float(np.median(power["ictal"][band] / power["before"][band]))
    return parts


def _part(around_uv: Eeg, stretch_s: tuple[float, float]) -> Eeg:
    first, last = (round((_ONSET_S + second) * _SFREQ) for second in stretch_s)
    return around_uv[:, first:last]


def prepare(eeg_uv: Eeg, sfreq: float) -> Eeg:
    """Bring referential EEG to the average reference, 0.5 to 45 Hz, 100 Hz; shape (n_channels, n_times)."""
    if sfreq != _SFREQ:
        eeg_uv = soxr.resample(eeg_uv.T, sfreq, _SFREQ, quality="HQ").T
    band = butter(4, [0.5, 45], "band", fs=_SFREQ, output="sos")
    return sosfiltfilt(band, eeg_uv - eeg_uv.mean(axis=0), axis=1)


def read_michigan(data: Path) -> Eeg:
    """Read the real seizure, shape (19, n_times), electrodes in the simulator's order."""
    recording = open_recording(data / "michigan_tle" / "michigan_tle.edf")
    names = [channel.anode for channel in recording.channels]
    eeg_uv = recording.read_uv(0, recording.n_times)[[names.index(name) for name in _SCALP]]
    return prepare(eeg_uv.astype(np.float64), recording.sfreq)


def simulated_seizures(n_patients: int, *, seed: int) -> Iterator[tuple[str, Eeg]]:
    """Give each patient's first seizure of a minute or more that is not subtle, in the form of `read_michigan`."""
    rows = [ELECTRODES.index(name) for name in _SCALP]
    for number in range(n_patients):
        patient = simulate_patient(number, seed=seed, config=CONFIG)
        epilepsy, sfreq = patient.epilepsy, patient.acquisition.sfreq
        for seizure in seizures_until(patient, 24 * 3600.0):
            if seizure.onset_s > _ONSET_S and seizure.offset_s - seizure.onset_s > 60 and not seizure.subtle:
                start = round((seizure.onset_s - _ONSET_S) * sfreq)
                eeg_uv = PatientSignal(patient).read_uv(start, start + round(_AROUND_S * sfreq))[rows]
                yield f"patient {number}, {epilepsy.kind}, {epilepsy.family}", prepare(eeg_uv, sfreq)
                break


def _bonn(
    data: Path, around: list[Eeg], *, sets: str, part_s: tuple[float, float]
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Statistics of the shape of single channels (amplitudes are not comparable), real and simulated."""
    archive = np.load(data / "bonn" / "bonn.npz")
    segments = np.vstack([archive[f"set_{name}"] for name in sets]).astype(np.float64)
    real = soxr.resample(segments.T, float(archive["sfreq"]), _SFREQ, quality="HQ").T
    band = butter(4, [0.5, 45], "band", fs=_SFREQ, output="sos")
    n_times = real.shape[1]
    # Bonn's seizures are intracranial: the channels that see least of the muscles are the fairest to set beside them.
    channels = ("P3", "O1", "O2") if sets != "E" else ("C3", "C4", "P3", "P4")
    simulated = [_part(eeg, part_s)[[_SCALP.index(name)], :n_times] for eeg in around for name in channels]
    shapes = ("slope 2-40 Hz", "kurtosis", "relative delta", "relative theta", "relative alpha", "relative beta")
    described = [statistics(part) for part in (*sosfiltfilt(band, real, axis=1)[:, None, :], *simulated)]
    kept = [{name: values[name] for name in shapes} for values in described]
    return kept[: len(real)], kept[len(real) :]


def _neonates(data: Path) -> dict[str, float]:
    archives = [np.load(data / "helsinki_neonatal" / f"windows_expert_{expert}.npz") for expert in "AB"]
    windows = np.concatenate([archive["eeg_uv"] for archive in archives])
    ictal = np.concatenate([archive["seizure"] for archive in archives]) == 1
    return _ratios(windows[ictal], windows[~ictal])


def _ictal_ratios(around_uv: Eeg) -> dict[str, float]:
    """`_ratios` of a simulated seizure in the same form: bipolar windows of 1 s at 64 Hz."""
    ends = np.array([[_SCALP.index(end) for end in name.split("-")] for name in LONGITUDINAL_BIPOLAR])
    slow = soxr.resample((around_uv[ends[:, 0]] - around_uv[ends[:, 1]]).T, _SFREQ, 64, quality="HQ").T
    windows = slow[:, : slow.shape[1] // 64 * 64].reshape(18, -1, 64).transpose(1, 0, 2)
    first, last = (round(_ONSET_S + second) for second in _ICTAL_S)
    return _ratios(windows[first:last], windows[20 : round(_ONSET_S) - 10])


def _ratios(ictal: Eeg, other: Eeg) -> dict[str, float]:
    def middle(windows: Eeg) -> tuple[float, float]:
        length = np.abs(np.diff(windows, axis=2)).mean(axis=(1, 2))
        return float(np.median(windows.std(axis=2).mean(axis=1))), float(np.median(length))

    (rms, length), (other_rms, other_length) = middle(ictal), middle(other)
    return {"ictal / other: RMS": rms / other_rms, "ictal / other: line length": length / other_length}


def compare(source: str, real: list[dict[str, float]], simulated: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Set the median of the real values beside the median and the 5 to 95 % spread of the simulated ones.

    Experts are compared by cohort: there the spread is that of the cohorts, and each must come within 20 %.
    """
    rows = []
    for name in real[0]:
        value = float(np.median([values[name] for values in real]))
        low, middle, high = np.percentile([values[name] for values in simulated], [5, 50, 95])
        inside = low <= value <= high
        if source == "experts":
            low, middle, high = (
                float(part([values[name] for values in simulated])) for part in (np.min, np.mean, np.max)
            )
            inside = low >= 0.8 * value and high <= 1.2 * value
        row = {"source": source, "statistic": name, "real": value, "simulated": middle, "low": low, "high": high}
        rows.append({key: round(float(v), 4) if not isinstance(v, str) else v for key, v in row.items()})
        rows[-1]["inside"] = bool(inside)
    return rows


def _text(rows: list[dict[str, Any]]) -> str:
    lines = [f"{'compared with':<15}{'statistic':<34}{'real':>10}{'simulated':>11}   5-95 % (experts: of cohorts)"]
    for row in rows:
        spread = f"{row['low']:.3g} to {row['high']:.3g}"
        note = "" if row["inside"] else "   OUTSIDE"
        lines.append(
            f"{row['source']:<15}{row['statistic']:<34}{row['real']:>10.3g}{row['simulated']:>11.3g}   {spread}{note}"
        )
    n_inside = sum(row["inside"] for row in rows)
    lines.append(
        f"{n_inside} of {len(rows)} real values lie inside the simulated spread (experts: all cohorts within 20 %)."
    )
    return "\n".join([*lines, *dict.fromkeys(_DIFFERENCES[row["source"]] for row in rows if not row["inside"])])


def _plot(out: Path, shown: list[tuple[str, Eeg]]) -> None:
    """Draw the seconds round each onset in the longitudinal bipolar montage, four to a page."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    time_s = np.arange(*(round(second * _SFREQ) for second in _SHOWN_S)) / _SFREQ
    for page in range(0, len(shown), 4):
        figure, axes = plt.subplots(2, 2, figsize=(24, 17), layout="constrained")
        for axis, (title, around_uv) in zip(axes.flat, shown[page : page + 4], strict=False):
            part = _part(around_uv, _SHOWN_S)
            for number, name in enumerate(LONGITUDINAL_BIPOLAR):
                anode, cathode = name.split("-")
                wave_uv = part[_SCALP.index(anode)] - part[_SCALP.index(cathode)]
                axis.plot(time_s, wave_uv - 130 * number, lw=0.4, color="black")
            axis.axvline(0, color="red", lw=0.8)
            axis.set(xlim=_SHOWN_S, ylim=(-130 * 18, 200), title=f"{title} (130 µV between lines)")
            axis.set_yticks([-130 * number for number in range(18)], LONGITUDINAL_BIPOLAR, fontsize=6)
        figure.savefig(out / f"realism_onsets_{page // 4 + 1}.png", dpi=60)
        plt.close(figure)
