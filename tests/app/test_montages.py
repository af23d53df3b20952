import numpy as np
import pytest

from app.display import asked_display, chosen_montage, display_config
from app.eeg_page import eeg_page
from app.montages import AVERAGE, BIPOLAR, MONTAGES, REFERENTIAL, montages_for, shown_montage
from eegwarn.errors import MontageError
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.channels import Channel
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.recording import Recording
from eegwarn.store.answer import Display
from tests.app.examples import SFREQ

ELECTRODES = "O2 FP1 FP2 F3 F4 C3 C4 P3 P4 O1 F7 F8 T7 T8 P7 P8 FZ CZ PZ".split()
BIPOLAR_CHANNELS = tuple(Channel(*name.split("-")) for name in LONGITUDINAL_BIPOLAR)


def referential(data: np.ndarray) -> Recording:
    channels = tuple(map(Channel, ELECTRODES))
    return Recording("test", SFREQ, channels, data.shape[1], lambda start, stop: data[:, start:stop].copy())


def common_and_own(common_uv: float = 300.0) -> np.ndarray:
    """A 5 Hz wave on all electrodes, as of a bad reference, and 100 µV of 9 Hz on F3 alone."""
    time_s = np.arange(40 * SFREQ) / SFREQ
    data = np.tile(common_uv * np.sin(2 * np.pi * 5 * time_s), (len(ELECTRODES), 1))
    data += np.random.default_rng(0).normal(0, 1, data.shape)
    data[ELECTRODES.index("F3")] += 100 * np.sin(2 * np.pi * 9 * time_s)
    return data.astype(np.float32)


def amplitude_uv(recording: Recording, montage: str, name: str) -> float:
    page = eeg_page(recording, 20.0, 10.0, display_config(recording), montage)
    return float(np.sqrt(2) * page.data[page.names.index(name)].std() * page.scale_uv)


def test_referential_rows_are_the_channels_as_recorded_from_left_to_right() -> None:
    recording = referential(common_and_own())
    assert amplitude_uv(recording, REFERENTIAL, "C3") == pytest.approx(300, rel=0.03)
    names = shown_montage(recording.channels, REFERENTIAL).montage.names
    assert (names[0], names[8:11], names[-1]) == ("FP1", ("FZ", "CZ", "PZ"), "O2")


def test_average_takes_out_what_all_electrodes_share() -> None:
    recording = referential(common_and_own())
    assert amplitude_uv(recording, AVERAGE, "F3-AVG") == pytest.approx(100 * 18 / 19, rel=0.05)
    assert amplitude_uv(recording, AVERAGE, "C3-AVG") == pytest.approx(100 / 19, abs=3)


def test_absent_samples_of_one_electrode_do_not_spoil_the_average() -> None:
    data = common_and_own()
    data[ELECTRODES.index("O2"), :] = np.nan
    page = eeg_page(referential(data), 20.0, 10.0, SignalConfig(notch_hz=0), AVERAGE)
    trusted = dict(zip(page.names, (page.quality == 0).all(axis=1), strict=True))
    assert not trusted["O2-AVG"]
    assert trusted["C3-AVG"]


def test_bipolar_recording_has_no_referential_montage_and_says_what_to_choose() -> None:
    assert montages_for(BIPOLAR_CHANNELS) == (BIPOLAR,)
    with pytest.raises(MontageError, match="Choose 'longitudinal bipolar'"):
        shown_montage(BIPOLAR_CHANNELS, AVERAGE)
    assert chosen_montage(BIPOLAR_CHANNELS, Display(AVERAGE)) == BIPOLAR


def test_electrodes_against_another_reference_are_left_out_of_the_average() -> None:
    channels = (*map(Channel, ELECTRODES[:6]), Channel("A1", "LE"))
    assert montages_for(channels) == MONTAGES
    assert "A1-AVG" not in shown_montage(channels, AVERAGE).montage.names


def test_what_is_not_on_offer_counts_as_not_chosen() -> None:
    asked = {"montage": "laplacian", "high_pass_hz": 1.0, "low_pass_hz": "40", "notch_hz": 0, "colour": 3}
    assert asked_display(asked) == Display(None, 1.0, None, 0.0)
    assert asked_display("no mapping") == Display()


def test_filters_that_are_not_chosen_are_the_models_and_a_wide_band_raises_the_rate() -> None:
    recording = referential(common_and_own())
    model = SignalConfig(high_pass_hz=1.0, low_pass_hz=30.0, notch_hz=50)
    config = display_config(recording, model, Display(low_pass_hz=70.0))
    assert (config.high_pass_hz, config.low_pass_hz, config.notch_hz, config.sfreq) == (1.0, 70.0, 50, 256.0)
    assert display_config(recording, model, Display(notch_hz=0.0)).notch_hz == 0


@pytest.mark.parametrize("high_pass_hz", [0.1, 5.0])
def test_page_has_settled_from_a_step_before_it_at_any_high_pass(high_pass_hz: float) -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(0, 10, (len(ELECTRODES), 140 * SFREQ)).astype(np.float32)
    whole, stepped = data.copy(), data.copy()
    stepped[:, : 60 * SFREQ] += 2500.0
    config = display_config(referential(whole), None, Display(high_pass_hz=high_pass_hz, notch_hz=0.0))
    one, other = (eeg_page(referential(samples), 120.0, 10.0, config, REFERENTIAL) for samples in (whole, stepped))
    np.testing.assert_allclose(one.data * one.scale_uv, other.data * other.scale_uv, atol=0.2)
