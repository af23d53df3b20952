"""All parts of a patient's EEG added up, minute by minute, and recordings that read from it."""

from collections import OrderedDict
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.artefacts import events_between
from eegwarn.cohort.simulate.background import BLOCK_S, Background
from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.electrodes import add_mains, replace_detached
from eegwarn.cohort.simulate.marks import rater_marks
from eegwarn.cohort.simulate.montage import Layout, recorded_montage
from eegwarn.cohort.simulate.patient import SimulatedPatient, simulate_patient
from eegwarn.cohort.simulate.seizures import render_seizure
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_between
from eegwarn.errors import ConfigError
from eegwarn.signal.channels import Channel, parse_channel
from eegwarn.signal.recording import Mark, Recording

_KEPT_BLOCKS = 3
_KEPT_SEIZURES = 2


class PatientSignal:
    """Potential at every electrode of one patient, at any time.

    Parameters
    ----------
    patient : SimulatedPatient
        Whose EEG it is.
    """

    def __init__(self, patient: SimulatedPatient) -> None:
        self.patient = patient
        self._background = Background(patient)
        self._blocks: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._seizures: OrderedDict[int, NDArray[np.float32]] = OrderedDict()

    def read_uv(self, start: int, stop: int) -> NDArray[np.float32]:
        """Read samples ``start`` to ``stop`` of the patient's time, shape (n_electrodes, stop - start), in µV."""
        n_block = round(BLOCK_S * self.patient.acquisition.sfreq)
        pieces = []
        for block in range(start // n_block, max(stop - 1, start) // n_block + 1):
            first = block * n_block
            pieces.append(self._block_uv(block)[:, max(start - first, 0) : stop - first])
        return np.concatenate(pieces, axis=1)

    def _block_uv(self, block: int) -> NDArray[np.float32]:
        if block not in self._blocks:
            self._blocks[block] = self._make_block_uv(block)
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(block)
        return self._blocks[block]

    def _make_block_uv(self, block: int) -> NDArray[np.float32]:
        data = self._background.block_uv(block)
        start_s = float(block * BLOCK_S)
        for seizure in seizures_between(self.patient, start_s, start_s + BLOCK_S):
            self._add(data, self._seizure_uv(seizure), block, seizure.onset_s)
        for onset_s, event in events_between(self.patient, start_s, start_s + BLOCK_S):
            self._add(data, event, block, onset_s)
        add_mains(data, self.patient, start_s)
        replace_detached(data, self.patient, start_s)
        return data

    def _seizure_uv(self, seizure: SimulatedSeizure) -> NDArray[np.float32]:
        if seizure.index not in self._seizures:
            self._seizures[seizure.index] = render_seizure(self.patient, seizure)
            if len(self._seizures) > _KEPT_SEIZURES:
                self._seizures.popitem(last=False)
        return self._seizures[seizure.index]

    def _add(self, data: NDArray[np.float32], event: NDArray[np.float32], block: int, onset_s: float) -> None:
        """Add the part of an event that falls into the block."""
        first = round(onset_s * self.patient.acquisition.sfreq) - block * data.shape[1]
        start, stop = max(first, 0), min(first + event.shape[1], data.shape[1])
        if start < stop:
            data[:, start:stop] += event[:, start - first : stop - first]


def patient_recording(
    signal: PatientSignal, *, start_s: float, duration_s: float, layout: Layout, file_number: int = 0
) -> Recording:
    """Give a stretch of a patient's time as a recording that is made as it is read.

    The marks are the first rater's, not the truth. Channels that are not EEG, such as dummies, are set aside.
    """
    patient = signal.patient
    montage = recorded_montage(patient, layout=layout, file_number=file_number)
    parsed = [parse_channel(label) for label in montage.labels]
    kept = [row for row, channel in enumerate(parsed) if channel is not None]
    channels: list[Channel] = [channel for channel in parsed if channel is not None]
    first = round(start_s * patient.acquisition.sfreq)
    weights = montage.weights[kept]
    return Recording(
        name=f"simulated-{patient.seed}-{patient.number:02d}",
        sfreq=patient.acquisition.sfreq,
        channels=tuple(channels),
        n_times=round(duration_s * patient.acquisition.sfreq),
        read_uv=lambda start, stop: weights @ signal.read_uv(first + start, first + stop),
        start=patient.acquisition.start + timedelta(seconds=start_s),
        marks=tuple(
            Mark(event.onset_s - start_s, event.duration_s or 0.0, "seizure")
            for event in rater_marks(patient, 0, stop_s=start_s + duration_s)
            if event.onset_s >= start_s
        ),
        set_aside=tuple(label for label, channel in zip(montage.labels, parsed, strict=True) if channel is None),
    )


def simulated_recording(
    patient_number: int = 0,
    *,
    hours: float,
    seed: int,
    layout: Layout = "chb-mit",
    config: SimulationConfig | None = None,
) -> Recording:
    """Simulate one patient's EEG without any file.

    Parameters
    ----------
    patient_number : int
        From 0.
    hours : float
        Length; a longer recording begins like a shorter one.
    seed : int
        The cohort's seed, 0 to 2**32 - 1.
    layout : str
        ``"chb-mit"`` for the 23 bipolar channels of CHB-MIT, ``"bids"`` for 21 referential ones.
    config : SimulationConfig, optional
        Settings of the cohort.

    Returns
    -------
    Recording
        Its marks are those of one simulated expert, with an expert's errors.

    Raises
    ------
    ConfigError
        If ``hours`` is not positive.
    """
    if not hours > 0:
        raise ConfigError(f"A recording must last more than 0 hours, but got {hours}.")
    signal = PatientSignal(simulate_patient(patient_number, seed=seed, config=config))
    return patient_recording(signal, start_s=0.0, duration_s=round(hours * 3600), layout=layout)
