"""Which channels a patient's files have: labels as written, and how they follow from the electrodes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.geometry import ELECTRODES
from eegwarn.cohort.simulate.patient import SimulatedPatient

Layout = Literal["chb-mit", "bids"]

# The 23 derivations of CHB-MIT in its order, with its repeated T8-P8.
_BIPOLAR = tuple(
    "FP1-F7 F7-T7 T7-P7 P7-O1 FP1-F3 F3-C3 C3-P3 P3-O1 FP2-F4 F4-C4 C4-P4 P4-O2 FP2-F8 F8-T8 T8-P8 P8-O2 "
    "FZ-CZ CZ-PZ P7-T7 T7-FT9 FT9-FT10 FT10-T8 T8-P8".split()
)
# Dummy channels stand before these in the files of CHB-MIT whose montage changed.
_DUMMY_BEFORE = ("FP1-F3", "FZ-CZ", "FP2-F4", "FP2-F8")
_OLD_NAMES = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}


@dataclass(frozen=True)
class RecordedMontage:
    """Channels of one file.

    Parameters
    ----------
    labels : tuple of str
        As written in the file's header.
    weights : ndarray, shape (n_channels, n_electrodes)
        Each channel as a sum over ``ELECTRODES``; a row of zeros for a dummy.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]


def recorded_montage(patient: SimulatedPatient, *, layout: Layout, file_number: int) -> RecordedMontage:
    """Give the montage of one file of a patient.

    Parameters
    ----------
    patient : SimulatedPatient
        Its ``acquisition`` says after which file the channels change.
    layout : str
        ``"chb-mit"`` for bipolar channels, ``"bids"`` for referential ones.
    file_number : int
        From 0.
    """
    acquisition = patient.acquisition
    changed = acquisition.change_after is not None and file_number >= acquisition.change_after
    lost = acquisition.lost_electrode if changed else ""
    if layout == "chb-mit":
        return _bipolar(changed=changed, lost=lost)
    return _referential(changed=changed, lost=lost)


def _bipolar(*, changed: bool, lost: str) -> RecordedMontage:
    labels: list[str] = []
    rows = []
    for name in _BIPOLAR:
        anode, cathode = name.split("-")
        if lost in (anode, cathode):
            continue
        if changed and name in _DUMMY_BEFORE:
            labels.append("-")
            rows.append(np.zeros(len(ELECTRODES)))
        labels.append(name)
        rows.append(_unit(anode) - _unit(cathode))
    return RecordedMontage(tuple(labels), np.array(rows, dtype=np.float32))


def _referential(*, changed: bool, lost: str) -> RecordedMontage:
    kept = [name for name in ELECTRODES if name != lost]
    labels = [_OLD_NAMES.get(name, name).title() + "-Ref" if changed else f"EEG {name}-REF" for name in kept]
    return RecordedMontage(tuple(labels), np.array([_unit(name) for name in kept], dtype=np.float32))


def _unit(electrode: str) -> NDArray[np.float64]:
    return np.asarray(np.eye(1, len(ELECTRODES), ELECTRODES.index(electrode))[0])
