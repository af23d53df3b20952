"""eegwarn: early warning of epileptic seizures from EEG. Research software, not a medical device."""

__version__ = "0.1.0"
