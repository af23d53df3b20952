"""What `training.benchmarks.faults` kills, starves and cuts off: a monitor of a loud night, and a writer of labels."""

import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from eegwarn.bedside import Bundle, ModelConfig, write_bundle
from eegwarn.cohort.simulate.edf import write_edf
from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.labels import add_label
from eegwarn.store.recordings import NewRecording, add_clips, add_recordings
from eegwarn.warning import AlarmConfig

SFREQ, MINUTES = 128, 20
SEIZURES_S = tuple(range(60, MINUTES * 60 - 60, 120))
"""Onsets, far enough apart that each raises an alarm of its own."""

N_CLIPS = 7
NO_STORE = 3
"""Exit code of a writer that the store has failed."""

_LABELS = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8 Fz Cz Pz".split()
_LENGTH_S = 25


def write_night(path: Path, rng: np.random.Generator) -> None:
    """Write a recording in which a rhythm of 5 Hz comes every two minutes."""

    def minutes_uv() -> Iterator[NDArray[np.float32]]:
        for minute in range(MINUTES):
            time_s = 60 * minute + np.arange(60 * SFREQ) / SFREQ
            data_uv = 15 * rng.standard_normal((len(_LABELS), time_s.size))
            for onset_s in SEIZURES_S:
                inside = (time_s >= onset_s) & (time_s < onset_s + _LENGTH_S)
                rhythm = 360 * np.sin(2 * np.pi * 5 * time_s[inside])
                data_uv[:, inside] += rhythm * np.linspace(-1, 1, len(_LABELS))[:, None]
            yield data_uv.astype(np.float32)

    write_edf(path, minutes_uv(), labels=_LABELS, sfreq=SFREQ, start=datetime(2025, 1, 1, 22), n_s=60 * MINUTES)


def write_amplitude_model(path: Path) -> None:
    """Write a model that calls loud EEG a seizure: what it says is the same wherever and whenever it is asked."""
    nodes = [
        helper.make_node("Abs", ["eeg_uv"], ["amplitude_uv"]),
        helper.make_node("ReduceMean", ["amplitude_uv"], ["mean_uv"], axes=[1, 2], keepdims=0),
        helper.make_node("Sub", ["mean_uv", "turn_uv"], ["above_uv"]),
        helper.make_node("Mul", ["above_uv", "slope"], ["logit"]),
    ]
    constants = [numpy_helper.from_array(np.float32(value), name) for name, value in (("turn_uv", 25), ("slope", 0.25))]
    config = ModelConfig(alarm=AlarmConfig(threshold=0.8, refractory_s=5))
    n_times, _ = config.windows.in_samples(config.signal.sfreq)
    eeg_uv = helper.make_tensor_value_info("eeg_uv", TensorProto.FLOAT, ["batch", 18, n_times])
    logit = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"])
    graph = helper.make_graph(nodes, "amplitude", [eeg_uv], [logit], constants)
    onnx = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    write_bundle(path, Bundle(config, onnx.SerializeToString(), b""))


def uid_of(number: int) -> str:
    """Give the label of a number its identity: the same whoever writes it."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def add_known_clips(store: Store) -> list[int]:
    """Make a recording and its clips known to a store, and give the clips' ids."""
    (known,) = add_recordings(store, [NewRecording("p1", "print", Path("/data/night.edf"), 3600.0)], by="engineer")
    return [clip.id for clip in add_clips(store, [(known.id, 10.0 * number, 10.0) for number in range(N_CLIPS)])]


def write_label_file(path: Path, n_labels: int) -> None:
    """Write a table of labels on the known recording."""
    rows = [f"night.edf\t{number}.000\t1.000\t{('sz', 'bckg')[number % 2]}\tanna" for number in range(n_labels)]
    path.write_text("\n".join(["recording\tonset\tduration\teventType\trater", *rows, ""]))


def write_labels(place: str, clip_ids: list[int], first: int, acknowledged: Path) -> None:
    """Write labels without end, from the first that nobody knows of on; note each that the store has taken."""
    store = open_store(place)
    number = first
    with acknowledged.open("ab", buffering=0) as notes:
        while True:
            clip_id = clip_ids[number % len(clip_ids)]
            add_label(store, clip_id, Answer(Label.SEIZURE), rater="anna", uid=uid_of(number))
            notes.write(uid_of(number).encode() + b"\n")
            number += 1


if __name__ == "__main__":
    place, ids, first, acknowledged = sys.argv[1:]
    try:
        write_labels(place, list(map(int, ids.split(","))), int(first), Path(acknowledged))
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NO_STORE)
