"""From logits to calibrated probabilities and alarms; never imports torch."""
