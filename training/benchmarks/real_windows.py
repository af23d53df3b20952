"""Real windows of EEG as tasks of choosing what to annotate: Bonn (C and D against E) and Helsinki neonates.

They carry no patient, so a split by patient is not possible: windows of one person may lie in both parts, and scores
are higher than on persons never seen. Curves of strategies on the same split can still be compared.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.environment import Task
from eegwarn.active.pool import pool_of
from eegwarn.errors import CohortError

BANDS_HZ = ((0.5, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 20.0), (20.0, 30.0))
NAMES = ("Bonn", "Helsinki, expert A", "Helsinki, expert B")


def real_task(name: str, seed: int) -> Task:
    """Split a real data set into a half to ask about and a half to judge by.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    seed : int
        Of the split.

    Raises
    ------
    CohortError
        If it is not at ``EEGWARN_DATA``.
    """
    eeg_uv, seizure, sfreq = _read(name)
    features = band_features(eeg_uv, sfreq)
    order = np.random.default_rng((seed, 21)).permutation(len(seizure))
    asked, judged = order[: len(order) // 2], order[len(order) // 2 :]
    truth = seizure.astype(np.float64)
    return Task(
        name,
        pool_of(features[asked]),
        truth[asked],
        features[judged],
        np.zeros(len(judged)),
        truth[judged],
    )


def band_features(eeg_uv: NDArray[np.floating], sfreq: float) -> NDArray[np.float32]:
    """Describe windows by logarithms of band power and line length, mean and spread over channels.

    Parameters
    ----------
    eeg_uv : ndarray, shape (n_windows, n_channels, n_times)
        In µV.
    sfreq : float
        Hz.

    Returns
    -------
    ndarray of float32, shape (n_windows, 2 * (n_bands + 1))
    """
    spectrum = np.abs(np.fft.rfft(eeg_uv - eeg_uv.mean(axis=2, keepdims=True), axis=2)) ** 2
    at_hz = np.fft.rfftfreq(eeg_uv.shape[2], 1 / sfreq)
    power = [spectrum[:, :, (at_hz >= low) & (at_hz < high)].mean(axis=2) for low, high in BANDS_HZ]
    length = np.abs(np.diff(eeg_uv, axis=2)).mean(axis=2)
    described = np.log(np.stack([*power, length], axis=2) + 1e-3)  # (n_windows, n_channels, n_bands + 1)
    return np.concatenate([described.mean(axis=1), described.std(axis=1)], axis=1).astype(np.float32)


def _read(name: str) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    data = Path(os.environ.get("EEGWARN_DATA", "../shared/data"))
    path = data / ("bonn/bonn.npz" if name == "Bonn" else f"helsinki_neonatal/windows_expert_{name[-1]}.npz")
    if not path.is_file():
        raise CohortError(f"There is no {str(path)!r}. Set EEGWARN_DATA to the folder that holds it.")
    with np.load(path, allow_pickle=False) as file:
        if name == "Bonn":
            sets = [file[f"set_{letter}"] for letter in "CDE"]
            eeg_uv = np.concatenate(sets).astype(np.float32)[:, None]
            return eeg_uv, np.repeat([False, False, True], [len(each) for each in sets]), float(file["sfreq"])
        return file["eeg_uv"], file["seizure"] > 0, float(file["sfreq"])
