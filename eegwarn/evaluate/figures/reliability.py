"""How well the warning level means what it says."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.figures.canvas import BLUE, GREY, legend_above, sheet
from eegwarn.evaluate.samples import reliability


def reliability_diagram(probability: NDArray[np.float64], label: NDArray[np.float64]) -> str:
    """Draw what share of the windows was a seizure at each warning level, and how many there are of each.

    Parameters
    ----------
    probability, label : ndarray, shape (n_windows,)
        Warning levels, 0 to 1, NaN where nothing was judged; 1 in seizures, else 0.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    table = reliability(probability, label)
    filled = table.n_windows > 0
    centre = (np.arange(filled.size) + 0.5) / filled.size
    with sheet(4.2, 4.8, n_rows=2, sharex=True, height_ratios=[4, 1]) as drawn:
        diagram, count = drawn.axes.flat
        diagram.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="means what it says")
        diagram.plot(
            table.mean_probability[filled], table.seizure_share[filled], color=BLUE, marker="o", label="measured"
        )
        diagram.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of windows with a seizure")
        legend_above(diagram, 2)
        count.bar(centre[filled], table.n_windows[filled], width=0.8 / filled.size, color=BLUE)
        count.set(yscale="log", ylim=(0.8, None), xlabel="warning level (probability)", ylabel="windows")
    return drawn.svg
