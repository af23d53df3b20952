"""A model that needs no training, and recordings to try it on."""

import numpy as np
import pytest

from eegwarn.bedside import Bundle, ModelConfig
from eegwarn.signal.channels import parse_channel
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.recording import Recording
from eegwarn.warning import AlarmConfig, Calibration
from tests.models import amplitude_onnx

SFREQ = 256.0


@pytest.fixture
def bundle() -> Bundle:
    config = ModelConfig(
        calibration=Calibration(temperature=0.5), alarm=AlarmConfig(threshold=0.8), backbone={"kind": "amplitude"}
    )
    return Bundle(config, amplitude_onnx(), b"weights", {"seed": 3, "split": {"test_persons": ["sim01"]}})


def make_recording(
    data_uv: np.ndarray, *, sfreq: float = SFREQ, labels: tuple[str, ...] = LONGITUDINAL_BIPOLAR
) -> Recording:
    channels = tuple(channel for channel in map(parse_channel, labels) if channel is not None)
    data_uv = data_uv.astype(np.float32)
    return Recording("made.edf", sfreq, channels, data_uv.shape[1], lambda start, stop: data_uv[:, start:stop].copy())


def loud_stretch(*, duration_s: float, start_s: float, stop_s: float, seed: int = 0) -> np.ndarray:
    """Noise of 15 µV, in a stretch 90 µV at 5 Hz more."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * SFREQ)) / SFREQ
    data_uv = 15 * rng.standard_normal((18, time_s.size))
    data_uv[:, (time_s >= start_s) & (time_s < stop_s)] += (
        90 * np.sin(2 * np.pi * 5 * time_s)[(time_s >= start_s) & (time_s < stop_s)]
    )
    return data_uv
