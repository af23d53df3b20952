"""Figures of a report, each an ``<svg>`` element as text."""

from eegwarn.evaluate.figures.curve import warning_curve
from eegwarn.evaluate.figures.diary import seizure_diary
from eegwarn.evaluate.figures.learning import learning_curves, mark_shifts
from eegwarn.evaluate.figures.reliability import reliability_diagram
from eegwarn.evaluate.figures.seizures import seizure_panels
from eegwarn.evaluate.figures.sensitivity import sensitivity_curve
from eegwarn.evaluate.figures.timing import warning_times

__all__ = [
    "warning_curve",
    "seizure_panels",
    "warning_times",
    "reliability_diagram",
    "sensitivity_curve",
    "seizure_diary",
    "learning_curves",
    "mark_shifts",
]
