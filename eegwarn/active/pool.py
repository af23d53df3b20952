"""What can be asked about, and what is known of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import ConfigError


@dataclass(frozen=True)
class Pool:
    """Candidates to ask about, one a row.

    Parameters
    ----------
    features : ndarray of float32, shape (n_candidates, n_features)
        What a frozen network sees of each, unscaled.
    logit : ndarray of float64, shape (n_candidates,)
        Log-odds of a seizure by the model as it is; 0 everywhere where there is no model.
    doubt : ndarray of float64, shape (n_candidates,)
        How far the label model's probability of a seizure lies from the noisy label, 0 to 1; 0 where there are no
        marks.
    time_s : ndarray of float64, shape (n_candidates,)
        Start, in s from the start of its recording.
    group : ndarray of int64, shape (n_candidates,)
        Number of its recording.

    Raises
    ------
    ConfigError
        If there is no candidate, the shapes do not agree, or a value is not finite.
    """

    features: NDArray[np.float32]
    logit: NDArray[np.float64]
    doubt: NDArray[np.float64]
    time_s: NDArray[np.float64]
    group: NDArray[np.int64]

    def __post_init__(self) -> None:
        columns = (self.logit, self.doubt, self.time_s, self.group)
        if self.features.ndim != 2 or not len(self.features):
            raise ConfigError(
                f"A pool needs features of shape (n_candidates, n_features) and a candidate at least, but got "
                f"{self.features.shape}."
            )
        if any(column.shape != (len(self.features),) for column in columns):
            raise ConfigError(
                f"Every column of a pool of {len(self.features)} candidates must have one value a candidate, but got "
                f"shapes {[column.shape for column in columns]}."
            )
        if not all(np.isfinite(column).all() for column in (self.features, *columns)):
            raise ConfigError("Every value of a pool must be finite. Leave out candidates that cannot be judged.")

    def __len__(self) -> int:
        return len(self.features)


def pool_of(features: NDArray[np.floating]) -> Pool:
    """Make a pool of candidates of which nothing but features of shape (n_candidates, n_features) is known."""
    nothing = np.zeros(len(features))
    return Pool(
        np.asarray(features, dtype=np.float32),
        logit=nothing,
        doubt=nothing,
        time_s=nothing,
        group=np.arange(len(features), dtype=np.int64),
    )
