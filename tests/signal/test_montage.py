"""The 18 derivations from whatever a recording has."""

import numpy as np
import pytest

from eegwarn.errors import MontageError
from eegwarn.signal import LONGITUDINAL_BIPOLAR, Channel, plan_montage
from tests.signal.edf_files import MODERN, noise_uv

REFERENTIAL = tuple(Channel(name) for name in MODERN)


def expected(data: np.ndarray) -> np.ndarray:
    row = {name: data[i] for i, name in enumerate(MODERN)}
    return np.array([row[name.split("-")[0]] - row[name.split("-")[1]] for name in LONGITUDINAL_BIPOLAR])


def test_referential_and_bipolar_input_give_the_same_derivations() -> None:
    data = noise_uv(19, 100).astype(np.float32)
    bipolar = tuple(Channel(*name.split("-")) for name in LONGITUDINAL_BIPOLAR)
    from_referential = plan_montage(REFERENTIAL).derive(data)
    from_bipolar = plan_montage(bipolar).derive(expected(data).astype(np.float32))
    np.testing.assert_allclose(from_referential, expected(data), atol=1e-4)
    np.testing.assert_array_equal(from_bipolar, from_referential)


def test_a_derivation_written_the_other_way_round_is_turned() -> None:
    channels = tuple(Channel(*reversed(name.split("-"))) for name in LONGITUDINAL_BIPOLAR)
    data = noise_uv(18, 10).astype(np.float32)
    np.testing.assert_array_equal(plan_montage(channels).derive(data), -data)


def test_electrodes_of_different_references_are_not_subtracted() -> None:
    channels = tuple(Channel(name, "A1" if name[-1] in "13579" else "A2") for name in MODERN)
    montage = plan_montage(channels, missing="mask")
    formed = dict(zip(LONGITUDINAL_BIPOLAR, montage.formed, strict=True))
    assert formed["FP1-F7"]
    assert formed["FZ-CZ"]
    assert formed["FP2-F8"]
    assert not plan_montage(
        (Channel("FP1", "A1"), Channel("F7", "A2"), Channel("FZ"), Channel("CZ")), missing="mask"
    ).formed[0]


def test_a_missing_derivation_is_an_error_or_a_mask_by_choice() -> None:
    without_o1 = tuple(channel for channel in REFERENTIAL if channel.anode != "O1")
    with pytest.raises(MontageError, match="2 of the 18 derivations cannot be formed: P7-O1, P3-O1"):
        plan_montage(without_o1)
    montage = plan_montage(without_o1, missing="mask")
    assert [name for name, formed in zip(montage.names, montage.formed, strict=True) if not formed] == [
        "P7-O1",
        "P3-O1",
    ]
    derived = montage.derive(noise_uv(18, 10).astype(np.float32))
    assert not derived[~montage.formed].any()


def test_no_derivation_at_all_is_an_error_even_when_masking() -> None:
    with pytest.raises(MontageError, match="None of the 18"):
        plan_montage((Channel("FP1"),), missing="mask")


def test_the_first_of_duplicate_channels_is_taken() -> None:
    channels = (*(Channel(*name.split("-")) for name in LONGITUDINAL_BIPOLAR), Channel("T8", "P8"))
    row = LONGITUDINAL_BIPOLAR.index("T8-P8")
    assert plan_montage(channels).first[row] == row


def test_flags_of_a_difference_are_those_of_both_channels() -> None:
    flags = np.zeros((19, 1), dtype=np.uint8)
    flags[MODERN.index("FP1")], flags[MODERN.index("F7")] = 2, 8
    derived = dict(zip(LONGITUDINAL_BIPOLAR, plan_montage(REFERENTIAL).derive_flags(flags)[:, 0], strict=True))
    assert derived["FP1-F7"] == 10
    assert derived["FP1-F3"] == 2
    assert derived["F7-T7"] == 8
    assert derived["C3-P3"] == 0
