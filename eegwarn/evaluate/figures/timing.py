"""How early warnings come."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.figures.canvas import BLUE, GREY, ORANGE, legend_above, sheet


def warning_times(warning_time_s: NDArray[np.float64], *, horizon_s: float = 0.0) -> str:
    """Draw what share of the seizures had an alarm by each time from the onset, as an ``<svg>`` element.

    Parameters
    ----------
    warning_time_s : ndarray, shape (n_seizures,)
        Warning time of each seizure, negative after the onset; NaN where no alarm came. One seizure at least.
    horizon_s : float
        How far before an onset a warning counts; 0 for detection.
    """
    unit_s, unit = (60.0, "min") if horizon_s >= 300 else (1.0, "s")
    from_onset = np.sort(-warning_time_s[np.isfinite(warning_time_s)]) / unit_s
    start = 1.05 * from_onset.min(initial=-max(horizon_s, 30.0) / unit_s)
    end = 1.05 * from_onset.max(initial=120 / unit_s)
    share = np.arange(from_onset.size + 1) / warning_time_s.size
    with sheet(5.2, 3.2) as drawn:
        axes = drawn.only
        axes.axvline(0, color=ORANGE, linewidth=2, label="onset as marked")
        axes.step([start, *from_onset, end], [*share, share[-1]], where="post", color=BLUE, label="had an alarm")
        axes.plot(from_onset, np.zeros(from_onset.size), "|", color=BLUE, markersize=10, clip_on=False)
        axes.axhline(share[-1], color=GREY, linestyle=":", linewidth=1)
        axes.set(xlim=(start, end), ylim=(0, 1.02), xlabel=f"{unit} from the onset; negative is early warning")
        axes.set_ylabel("share of the seizures")
        legend_above(axes, 2)
    return drawn.svg
