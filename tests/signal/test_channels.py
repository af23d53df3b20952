"""Channel names as clinics write them."""

import pytest

from eegwarn.signal import Channel, parse_channel


@pytest.mark.parametrize(
    ("label", "channel"),
    [
        ("EEG FP1-REF", Channel("FP1")),
        ("Fp1-Ref", Channel("FP1")),
        ("EEG Fp1", Channel("FP1")),
        ("POL Fz", Channel("FZ")),
        ("  EEG CZ ", Channel("CZ")),
        ("FP1-F7", Channel("FP1", "F7")),
        ("T8-P8-0", Channel("T8", "P8")),
        ("T8-P8-1", Channel("T8", "P8")),
        ("T3", Channel("T7")),
        ("EEG T4-Ref", Channel("T8")),
        ("T5-O1", Channel("P7", "O1")),
        ("EEG T6-LE", Channel("P8", "LE")),
        ("FP1-CS2", Channel("FP1", "CS2")),
        ("Fp1-A1", Channel("FP1", "A1")),
        ("EEG FP1-0", Channel("FP1")),
    ],
)
def test_eeg_names_of_clinics_come_to_one_spelling(label: str, channel: Channel) -> None:
    assert parse_channel(label) == channel


@pytest.mark.parametrize(
    "label", ["-", "--0", "--12", ".", "", "ECG", "EKG EKG", "EMG-L", "DC01", "SPO2", "HR", "MK", "61", "EEG", "STATUS"]
)
def test_what_is_not_eeg_is_no_channel(label: str) -> None:
    assert parse_channel(label) is None


def test_only_electrode_pairs_are_bipolar() -> None:
    assert Channel("FP1", "F7").is_bipolar
    assert not Channel("FP1").is_bipolar
    assert not Channel("FP1", "A1").is_bipolar
