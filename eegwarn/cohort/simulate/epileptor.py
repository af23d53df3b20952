"""The Epileptor, a neural mass that falls into seizures and out of them by itself.

Jirsa et al., Brain 137:2210 (2014), doi 10.1093/brain/awu133, eqs. 1 to 5, with permittivity coupling between nodes as
in Proix et al., J. Neurosci. 34:15009 (2014), doi 10.1523/JNEUROSCI.1331-14.2014, eq. 3.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

# At this pace the model's discharges, about 8 of its time units apart, come at 4 to 5 Hz.
_UNITS_PER_S = 38.0
_STEP = 0.06
_CURRENT_1, _CURRENT_2, _TAU_2 = 3.1, 0.45, 10.0
_COUPLING = 0.3
_EXCITABILITY = -1.6
# z at which a node at rest falls into a seizure, and how fast z falls there, in units of 1 / tau_0.
_ONSET_Z, _ONSET_SPEED = 2.87, 2.9
# Length of a seizure in seconds, at the pace above, for each unit of tau_0.
_SECONDS_PER_TAU = 22.0 / 2857.0


def run_epileptor(
    rng: np.random.Generator, *, delays_s: tuple[float, ...], duration_s: float, sfreq: float
) -> NDArray[np.float32]:
    """Integrate coupled Epileptors over one seizure.

    Parameters
    ----------
    rng : Generator
        Draws the noise that makes no two discharges alike.
    delays_s : tuple of float
        When each node begins, in seconds from the start; the first is the focus and begins at 0.
    duration_s : float
        Length of the focus's seizure: the slow time constant follows from it, and time is stretched a little to fit.
    sfreq : float
        Samples a second of the result.

    Returns
    -------
    ndarray, shape (n_nodes, n_times)
        The model's field potential, x2 - x1, above 0.7 Hz, with unit variance at the focus.
    """
    tau_0 = duration_s / _SECONDS_PER_TAU
    start_z = [_ONSET_Z + _ONSET_SPEED * delay_s * _UNITS_PER_S / tau_0 for delay_s in delays_s]
    n_steps = int((1.05 * duration_s + 4) * _UNITS_PER_S / _STEP)
    # The noise is drawn as one table: a draw at each step would cost more than the equations.
    noise = (0.03 * np.sqrt(_STEP) * rng.standard_normal((n_steps, len(delays_s)))).tolist()
    field = _integrate(start_z, tau_0, noise)
    high_pass = butter(2, 0.7, "high", fs=_UNITS_PER_S / _STEP, output="sos")
    waves = sosfilt(high_pass, field - field[0], axis=0)
    discharging = np.flatnonzero(waves[:, 0] < -0.8 * waves[:, 0].std())
    waves = waves[discharging[0] : discharging[-1] + 1]
    place = np.linspace(0, len(waves) - 1, round(duration_s * sfreq))
    stretched = np.array([np.interp(place, np.arange(len(waves)), node) for node in waves.T])
    return np.asarray(stretched / stretched[0].std(), dtype=np.float32)


def _integrate(start_z: list[float], tau_0: float, noise: list[list[float]]) -> NDArray[np.float64]:
    """Run one Euler step for each row of noise; the field potential of shape (n_steps, n_nodes).

    Written out in plain numbers, which for a few nodes are several times faster than arrays. ``u`` is 0.1 of the
    paper's low-pass filtered x1, so that its weight in x2 becomes 2.
    """
    n_nodes = len(start_z)
    x1, y1, z = [-1.6] * n_nodes, [-11.8] * n_nodes, list(start_z)
    x2, y2, u = [-0.9] * n_nodes, [0.0] * n_nodes, [-0.16] * n_nodes
    step, slow_step, step_2 = _STEP, _STEP / tau_0, _STEP / _TAU_2
    nodes = range(n_nodes)
    field: list[float] = []
    for kicks in noise:
        sum_x1 = sum(x1)
        for node in nodes:
            a, b, c, d, e, f = x1[node], y1[node], z[node], x2[node], y2[node], u[node]
            field.append(d - a)
            drive = a * a * (a - 3) if a < 0 else (d - 0.6 * (c - 4) ** 2) * a
            x1[node] = a + step * (b - drive - c + _CURRENT_1)
            y1[node] = b + step * (1 - 5 * a * a - b)
            z[node] = c + slow_step * (4 * (a - _EXCITABILITY) - c - _COUPLING * (sum_x1 - n_nodes * a))
            x2[node] = d + step * (d - d * d * d - e + _CURRENT_2 + 2 * f - 0.3 * (c - 3.5)) + kicks[node]
            y2[node] = e + step_2 * ((6 * (d + 0.25) if d >= -0.25 else 0.0) - e)
            u[node] = f - step * 0.01 * (f - 0.1 * a)
    return np.array(field).reshape(-1, n_nodes)
