"""Faults at random moments, each in a loop of fixed count: what had to survive, and what did.

Monitors, writers, senders and trainings are processes of their own, the store is an SQLite file or a PostgreSQL server,
streams are LSL's, disks are mounted; where one of these cannot be had, the row says why. A part of ``eegwarn benchmark
reliability``.
"""

import tempfile
from pathlib import Path

import numpy as np

from eegwarn.bedside.scoring import Progress
from eegwarn.errors import StoreError
from training.benchmarks.fault_labels import LABEL_FAULTS
from training.benchmarks.fault_monitors import MONITOR_FAULTS
from training.benchmarks.fault_processes import SEIZURES_S, write_amplitude_model, write_night
from training.benchmarks.fault_streams import STREAM_FAULTS
from training.benchmarks.fault_ward import Fault, Row, Ward, server_if_any, stored_alarms
from training.benchmarks.fault_work import WORK_FAULTS

N_TIMES, N_QUICK = 20, 2
FAULTS: dict[str, Fault] = {**LABEL_FAULTS, **MONITOR_FAULTS, **STREAM_FAULTS, **WORK_FAULTS}


def run_faults(progress: Progress, *, seed: int, quick: bool = False) -> dict[str, Row]:
    """Provoke every fault, and give a row for each."""
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as place, server_if_any() as server:
        ward = Ward(Path(place), np.random.default_rng(seed), N_QUICK if quick else N_TIMES)
        write_night(ward.night, ward.rng)
        write_amplitude_model(ward.model)
        unbroken = ward.new_place()
        Row().ended(ward.monitor(unbroken, 0), 0)
        ward.expected = stored_alarms(unbroken)
        if len(ward.expected) != len(SEIZURES_S):
            raise StoreError(f"An unbroken run gave {len(ward.expected)} alarms, not {len(SEIZURES_S)}.")
        for number, (name, fault) in enumerate(FAULTS.items()):
            progress("faults", number, len(FAULTS))
            rows[name] = fault(ward, server)
        progress("faults", len(FAULTS), len(FAULTS))
    return rows
