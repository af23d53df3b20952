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
from eegwarn.warning.calibrate import Calibration, fit_temperature, probability
from eegwarn.warning.threshold import ThresholdChoice, choose_threshold

__all__ = [
    "Calibration",
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
]
