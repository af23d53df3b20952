"""The signal path: recordings, montage, causal filters, quality, windows."""

from eegwarn.signal.chain import Processed, SignalChain, SignalConfig, process
from eegwarn.signal.channels import Channel, parse_channel
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR, Montage, plan_montage
from eegwarn.signal.quality import Quality, QualityConfig
from eegwarn.signal.recording import Mark, Recording, open_recording
from eegwarn.signal.windows import WindowConfig, WindowCutter, Windows, cut_windows, stream_windows

__all__ = [
    "open_recording",
    "Recording",
    "Mark",
    "Channel",
    "parse_channel",
    "LONGITUDINAL_BIPOLAR",
    "Montage",
    "plan_montage",
    "SignalConfig",
    "SignalChain",
    "Processed",
    "process",
    "Quality",
    "QualityConfig",
    "WindowConfig",
    "Windows",
    "WindowCutter",
    "cut_windows",
    "stream_windows",
]
