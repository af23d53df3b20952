"""The one-file model and the runtime that needs neither torch nor streamlit."""

from eegwarn.bedside.bundle import Bundle, ModelConfig, read_bundle, write_bundle
from eegwarn.bedside.scoring import Progress, Scored, score_recording, write_probabilities

__all__ = [
    "Bundle",
    "ModelConfig",
    "read_bundle",
    "write_bundle",
    "Progress",
    "Scored",
    "score_recording",
    "write_probabilities",
]
