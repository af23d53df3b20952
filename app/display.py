"""How EEG is shown: what a reader may choose, and what is settled where she has not chosen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.montages import MONTAGES, montages_for
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.channels import Channel
from eegwarn.signal.filters import STOPBAND_RATIO
from eegwarn.signal.mains import guess_mains_hz
from eegwarn.signal.recording import Recording
from eegwarn.store.answer import Display

HIGH_PASSES_HZ = (0.1, 0.5, 1.0, 1.6, 5.0)
LOW_PASSES_HZ = (15.0, 30.0, 40.0, 70.0)
NOTCHES_HZ = (0.0, 50.0, 60.0)

_FAST_SFREQ = 256.0


def asked_display(asked: object) -> Display:
    """Read what a browser asks for; whatever is not on offer counts as not chosen."""
    given: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
    offers = {
        "montage": MONTAGES,
        "high_pass_hz": HIGH_PASSES_HZ,
        "low_pass_hz": LOW_PASSES_HZ,
        "notch_hz": NOTCHES_HZ,
    }
    return Display(**{name: given[name] for name, offer in offers.items() if given.get(name) in offer})


def chosen_montage(channels: tuple[Channel, ...], display: Display) -> str:
    """Give the montage that was chosen, where the recording has it; else the first that it has."""
    available = montages_for(channels)
    if display.montage in available:
        return str(display.montage)
    return next(iter(available), MONTAGES[0])


def display_config(
    recording: Recording, config: SignalConfig | None = None, display: Display | None = None
) -> SignalConfig:
    """Settle how a page is filtered: as the reader chose, else as the model sees it, else by the defaults.

    Derivations that are missing are drawn as missing, and the mains frequency is looked up.

    Parameters
    ----------
    recording : Recording
        Its first minute is read where the mains frequency is not given.
    config : SignalConfig or None
        The model's, or the defaults.
    display : Display or None
        What the reader chose; None in it, or for it, where she did not.
    """
    config, display = config or SignalConfig(), display or Display()
    low_pass_hz = display.low_pass_hz or config.low_pass_hz
    notch_hz: Any = config.notch_hz if display.notch_hz is None else int(display.notch_hz)
    return replace(
        config,
        missing="mask",
        high_pass_hz=display.high_pass_hz or config.high_pass_hz,
        low_pass_hz=low_pass_hz,
        notch_hz=guess_mains_hz(recording) if notch_hz == "auto" else notch_hz,
        sfreq=config.sfreq if 2 * STOPBAND_RATIO * low_pass_hz <= config.sfreq else _FAST_SFREQ,
    )
