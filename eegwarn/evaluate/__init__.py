"""Scores of windows, seizures and forecasts, with their uncertainty; needs the ``train`` extra, never torch."""

from eegwarn.evaluate.events import EventCounts, count_events
from eegwarn.evaluate.forecast import ForecastCounts, ForecastRule, brier_skill, count_forecast, rule_of_horizon
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.evaluate.moments import Moments, patient_moments
from eegwarn.evaluate.paired import Advice, Comparison, Difference, compare_models, comparison_table, paired_differences
from eegwarn.evaluate.patients import PatientScores, score_patients
from eegwarn.evaluate.report import DISCLAIMER, Context, Report, make_report, to_table
from eegwarn.evaluate.samples import SampleScores, reliability, score_samples
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.evaluate.skill import CohortSkill, PatientSkill, Verdict, cohort_skill, patient_skill
from eegwarn.evaluate.sweep import Sweep, sweep_thresholds
from eegwarn.evaluate.text import to_text

__all__ = [
    "ScoredRecording",
    "Context",
    "Report",
    "make_report",
    "to_table",
    "to_text",
    "DISCLAIMER",
    "compare_models",
    "comparison_table",
    "Comparison",
    "Advice",
    "paired_differences",
    "Difference",
    "PatientScores",
    "score_patients",
    "SampleScores",
    "score_samples",
    "reliability",
    "EventCounts",
    "count_events",
    "ForecastRule",
    "ForecastCounts",
    "rule_of_horizon",
    "count_forecast",
    "brier_skill",
    "PatientSkill",
    "CohortSkill",
    "Verdict",
    "patient_skill",
    "cohort_skill",
    "Moments",
    "patient_moments",
    "Sweep",
    "sweep_thresholds",
    "warning_times_s",
]
