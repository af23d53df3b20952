"""A simulated cohort with known truth."""
