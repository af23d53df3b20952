"""Sensitivity against time in warning."""

import numpy as np

from eegwarn.evaluate.figures.canvas import BLUE, GREY, VERMILION, legend_above, sheet
from eegwarn.evaluate.sweep import Sweep


def sensitivity_curve(sweep: Sweep) -> str:
    """Draw a sweep of the threshold beside what chance reaches, as an ``<svg>`` element."""
    with sheet(4.6, 4.7, top_in=0.75) as drawn:
        axes = drawn.only
        chance = (sweep.chance_low, sweep.chance_high)
        axes.fill_between(sweep.time_in_warning, *chance, color=GREY, alpha=0.25, linewidth=0, label="chance, 95 %")
        axes.plot(sweep.time_in_warning, sweep.chance, color=GREY, linestyle="--", linewidth=1, label="chance, mean")
        axes.step(
            sweep.time_in_warning,
            sweep.sensitivity,
            where="post",
            color=BLUE,
            linewidth=1.6,
            label="one threshold",
        )
        own_share = np.linspace(0, 1, sweep.own_sensitivity.size)
        axes.step(
            own_share,
            sweep.own_sensitivity,
            where="post",
            color=BLUE,
            linestyle=":",
            label="own thresholds",
        )
        axes.plot(*sweep.alarms, marker="v", color=VERMILION, markersize=9, linestyle="none", label="alarms as raised")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
        axes.set(xlabel="share of the time in warning", ylabel="share of the seizures warned of")
        legend_above(axes, 2)
    return drawn.svg
