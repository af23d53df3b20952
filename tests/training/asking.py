"""A small cohort to ask about, a model that needs no training, and a rater who answers."""

from pathlib import Path

import numpy as np

from eegwarn.bedside.bundle import Bundle, ModelConfig, write_bundle
from eegwarn.events import SeizureEvent, write_szcore_tsv
from eegwarn.store import Store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.labels import add_label
from eegwarn.store.queue import open_queries
from tests.models import linear_onnx
from tests.signal.edf_files import write_edf

SEIZURE_S = (100.0, 150.0)
DURATION_S = 240.0
MARK_S = 108.0


def bundle(onnx: bytes | None = None) -> Bundle:
    return Bundle(ModelConfig(), onnx or linear_onnx(), None, {"config": {}})


def write_model(path: Path) -> Path:
    write_bundle(path, bundle())
    return path


def write_patients(folder: Path, *marked: bool) -> Path:
    """One recording a patient; those with a mark have a seizure, which the mark is late for."""
    for number, is_marked in enumerate(marked, start=1):
        name = f"p{number}"
        (folder / name).mkdir(parents=True)
        time_s = np.arange(round(DURATION_S * 128)) / 128
        data_uv = 15 * np.random.default_rng(number).standard_normal((19, time_s.size))
        if is_marked:
            during = (time_s >= SEIZURE_S[0]) & (time_s < SEIZURE_S[1])
            data_uv[:, during] += 300 * np.sin(2 * np.pi * 5 * time_s[during]) * np.linspace(-1, 1, 19)[:, None]
        write_edf(folder / name / f"{name}.edf", data_uv, sfreq=128)
        events = (SeizureEvent(MARK_S, SEIZURE_S[1]),) if is_marked else ()
        write_szcore_tsv(folder / name / f"{name}.tsv", events, recording_duration_s=DURATION_S)
    return folder


def answer_all(store: Store, rater: str) -> None:
    """Answer every open question by the truth."""
    for query in open_queries(store, rater=rater):
        start_s, end_s = query.clip.start_s, query.clip.end_s
        marked = query.clip.recording.patient != "p3"
        seizure = marked and start_s >= SEIZURE_S[0] and end_s <= SEIZURE_S[1]
        said = Answer(Label.SEIZURE if seizure else Label.NOT_SEIZURE)
        add_label(store, query.clip.id, said, rater=rater, query_id=query.id)
