"""Correction of rough labels around seizure onsets, and with them of the onsets themselves."""

from eegwarn.autolabel.labels import CorrectedLabels, CorrectedOnset, RoughLabels

__all__ = ["CorrectedLabels", "CorrectedOnset", "RoughLabels"]
