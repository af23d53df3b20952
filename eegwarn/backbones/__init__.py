"""Networks that turn a window of EEG into a logit."""

from typing import Any

from eegwarn.backbones.lstm import LSTM, LSTMConfig
from eegwarn.backbones.resnet import ResNet, ResNetConfig

Backbone = LSTM | ResNet

BACKBONES: dict[str, tuple[type[Any], type[Any]]] = {"lstm": (LSTMConfig, LSTM), "resnet": (ResNetConfig, ResNet)}
"""Configuration and class of each kind of network."""

__all__ = ["BACKBONES", "LSTM", "Backbone", "LSTMConfig", "ResNet", "ResNetConfig"]
