"""Networks that turn a window of EEG into a logit."""
