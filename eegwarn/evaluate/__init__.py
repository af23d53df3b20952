"""Metrics of samples, events and forecasts; never imports torch."""
