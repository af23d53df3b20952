"""From logits to a calibrated warning level, and from that to alarms: pure functions of (time, probability)."""

from eegwarn.warning.alarm import (
    Alarm,
    AlarmConfig,
    AlarmState,
    Fault,
    Judged,
    advance,
    alarm_events,
    find_alarms,
    smooth,
)
from eegwarn.warning.calibrate import Calibration, fit_calibration, fit_isotonic, fit_temperature, probability
from eegwarn.warning.indicators import INDICATORS, Indicator, RollingVariance, line_length, log_variance
from eegwarn.warning.threshold import ThresholdChoice, choose_threshold
from eegwarn.warning.trend import Trend, TrendState, fit_trend, follow

__all__ = [
    "Calibration",
    "fit_calibration",
    "fit_isotonic",
    "fit_temperature",
    "probability",
    "Alarm",
    "AlarmConfig",
    "AlarmState",
    "Fault",
    "Judged",
    "advance",
    "alarm_events",
    "find_alarms",
    "smooth",
    "ThresholdChoice",
    "choose_threshold",
    "Trend",
    "TrendState",
    "fit_trend",
    "follow",
    "INDICATORS",
    "Indicator",
    "RollingVariance",
    "line_length",
    "log_variance",
]
