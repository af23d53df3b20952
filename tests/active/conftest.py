import numpy as np
import pytest

from eegwarn.active.environment import Task
from eegwarn.active.pool import Pool


def make_task(seed: int, *, n: int = 120, n_features: int = 6, share: float = 0.12, shift: float = 1.5) -> Task:
    """Two clouds of points, the rare one moved along the first axis."""
    rng = np.random.default_rng(seed)

    def part() -> tuple[np.ndarray, np.ndarray]:
        truth = (np.arange(n) < share * n).astype(np.float64)
        features = rng.standard_normal((n, n_features)).astype(np.float32)
        features[:, 0] += shift * truth
        return features, truth

    features, truth = part()
    test_features, test_truth = part()
    pool = Pool(features, np.zeros(n), rng.random(n), np.arange(n) * 4.0, np.arange(n) // 40)
    return Task(f"task {seed}", pool, truth, test_features, np.zeros(n), test_truth)


@pytest.fixture
def task() -> Task:
    return make_task(0)
