import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from eegwarn.active.head import fit_heads, prior_weights, view_of
from eegwarn.active.pool import Pool


def _pool(rng: np.random.Generator, n: int = 200, n_features: int = 5) -> Pool:
    features = (rng.standard_normal((n, n_features)) * [9, 4, 2, 1, 0.1] + 3).astype(np.float32)
    return Pool(features, rng.standard_normal(n), np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))


def test_fit_finds_the_optimum_that_a_general_minimiser_finds() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((3, 40, 6)) * 2
    label = (rng.random((3, 40)) < 0.3).astype(np.float64)
    precision = np.full(6, 30.0)
    precision[0] = 0.1
    prior = prior_weights(6)

    def loss(weights: np.ndarray, k: int) -> float:
        score = inputs[k] @ weights
        return float(np.sum(np.logaddexp(0, score) - label[k] * score) + 0.5 * precision @ (weights - prior) ** 2)

    fitted = fit_heads(inputs, label)
    for k in range(3):
        best = minimize(loss, prior, args=(k,), method="BFGS", options={"gtol": 1e-8})
        np.testing.assert_allclose(fitted[k], best.x, atol=1e-4)


def test_without_labels_the_head_is_the_model() -> None:
    pool = _pool(np.random.default_rng(1))
    inputs = view_of(pool).inputs(pool.features, pool.logit)
    weights = fit_heads(np.empty((1, 0, inputs.shape[1])), np.empty((1, 0)))
    np.testing.assert_allclose(expit(inputs @ weights[0]), expit(pool.logit), atol=1e-9)


def test_components_keep_the_order_of_their_variance_and_vary_by_1_in_the_mean() -> None:
    pool = _pool(np.random.default_rng(2))
    components = view_of(pool).inputs(pool.features, pool.logit)[:, 2:]
    variance = components.var(axis=0)
    assert (np.diff(variance) <= 1e-9).all()
    np.testing.assert_allclose(variance.mean(), 1.0)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    pool = _pool(np.random.default_rng(3))
    pool.features[:, 2] = 7.0
    assert np.isfinite(view_of(pool).inputs(pool.features, pool.logit)).all()
