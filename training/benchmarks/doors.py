"""The readers of the product that take what comes from outside, each with examples of what it takes."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from safetensors.torch import save

from eegwarn.backbones import BACKBONES
from eegwarn.bedside import Bundle, read_bundle
from eegwarn.bedside.beds import read_beds
from eegwarn.bedside.runtime import Runtime
from eegwarn.cohort import read_cohort
from eegwarn.cohort.simulate.edf import write_edf
from eegwarn.config import to_table
from eegwarn.events import (
    SeizureEvent,
    events_from_marks,
    export_edfplus,
    read_chbmit_seizures,
    read_chbmit_summary,
    read_siena_list,
    read_szcore_tsv,
    read_tusz_csv,
)
from eegwarn.events.clips import read_clips
from eegwarn.signal import open_recording
from eegwarn.store.label_table import read_label_table
from training.benchmarks.altered_models import altered, run_model, small_models
from training.benchmarks.bedside import write_models
from training.benchmarks.door import Door
from training.benchmarks.planted import planted_edfs, planted_models, planted_settings, planted_tables
from training.finetune import trained_network
from training.shipped import load_config

_SUMMARY = """Data Sampling Rate: 256 Hz
File Name: chb01_03.edf
File Start Time: 13:43:04
File End Time: 14:43:04
Number of Seizures in File: 1
Seizure Start Time: 2996 seconds
Seizure End Time: 3036 seconds

File Name: chb01_04.edf
File Start Time: 23:43:12
File End Time: 24:43:12
Number of Seizures in File: 2
Seizure 1 Start Time: 1467 seconds
Seizure 1 End Time: 1494 seconds
Seizure 2 Start Time: 2467 seconds
Seizure 2 End Time: 2494 seconds
"""
_SIENA = """Seizure n 1
File name: PN00-1.edf
Registration start time: 19.39.33
Registration end time:  20.22.58
Seizure start time: 19.58.36
Seizure end time: 19.59.46
"""
_TUSZ = """# version = csv_bi_v1.0.0
# duration = 301.00 secs
channel,start_time,stop_time,label,confidence
TERM,0.0000,36.8868,bckg,1.0000
TERM,36.8868,183.3055,seiz,1.0000
"""
_SZCORE = """onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration
30.000\t12.500\tsz_foc_ia\t0.90\tFP1-F7\t2020-01-02 03:04:05\t60.00
50.000\tn/a\tsz\tn/a\tn/a\t2020-01-02 03:04:05\t60.00
"""
_LABELS = """recording\tonset\tduration\teventType\trater\tlabelled_at\tconfidence\tcomment
a\t10.000\t4.000\tsz\tana\t2026-01-02T03:04:05+00:00\t0.9\tclear
a\t30.000\t10.000\tartefact\tben\t2026-01-02T03:05:05+00:00\tn/a\tn/a
"""
_BEDS = """keep_whole_hours = 6
keep_days = 30.0

["bed 1"]
source = "lsl:EEG1"

["bed 2"]
source = "night.edf"
speed = 2.0
model = "small.eegwarn"
"""
_CONFIG = """backbone = "resnet"
steps = 300
seed = 3

[signal]
sfreq = 128.0
notch_hz = 50.0

[windows]
window_s = 4.0
"""


DOORS = (
    *("EDF", "CHB-MIT summary", "CHB-MIT .seizures", "Siena list", "TUSZ csv_bi", "SzCORE TSV", "BIDS folder"),
    *("label import", "clips", "EDF+ events", "model file", "network of a model", "weights of a model"),
    *("altered model, sealed again", "beds.toml", "configuration"),
)
"""Readers whose inputs are damaged."""

PLANTED = ("planted: model files", "planted: EDF headers", "planted: tables", "planted: settings")
"""Readers whose inputs were made to harm, one for each way: all must be refused."""


def open_door(name: str, folder: Path) -> Door:
    """Give a reader of `DOORS` or `PLANTED` with its examples; what these need is written to ``folder``."""
    if name in PLANTED:
        return _planted_door(name, folder)
    text = {
        "CHB-MIT summary": ("chb01-summary.txt", _SUMMARY, read_chbmit_summary),
        "Siena list": ("Seizures-list-PN00.txt", _SIENA, read_siena_list),
        "TUSZ csv_bi": ("a.csv_bi", _TUSZ, read_tusz_csv),
        "SzCORE TSV": ("a_events.tsv", _SZCORE, read_szcore_tsv),
        "label import": ("labels.tsv", _LABELS, lambda path: read_label_table(path, rater="ana")),
        "clips": ("clips.tsv", _LABELS, read_clips),
        "beds.toml": ("beds.toml", _BEDS, read_beds),
        "configuration": ("config.toml", _CONFIG, lambda path: load_config(str(path))),
    }
    if name in text:
        file_name, content, read = text[name]
        return Door(file_name, [content.encode()], read)
    if name == "CHB-MIT .seizures":
        marks = np.array([32 << 10 | 9, 59 << 10, 1, 2, 33 << 10 | 7, 0], dtype="<u2").tobytes()
        return Door("a.edf.seizures", [b"\0X\x17\xfc## time resolution: 256\0" + marks], read_chbmit_seizures)
    if name in ("EDF", "EDF+ events", "BIDS folder"):
        return _door_to_eeg(name, folder)
    return _door_to_model(name, folder)


def _planted_door(name: str, folder: Path) -> Door:
    if name == "planted: model files":
        return Door("input.eegwarn", list(planted_models().values()), run_model, None)
    if name == "planted: EDF headers":
        edf = _small_edf(folder / "plain.edf").read_bytes()
        return Door("input.edf", list(planted_edfs(edf).values()), open_recording, None)
    if name == "planted: tables":
        return Door("a_events.tsv", list(planted_tables().values()), read_szcore_tsv, None)
    return Door("beds.toml", list(planted_settings().values()), read_beds, None)


def _door_to_eeg(name: str, folder: Path) -> Door:
    plain, marked = _small_edf(folder / "plain.edf"), folder / "marked.edf"
    export_edfplus(open_recording(plain), [SeizureEvent(1.0, 3.0), SeizureEvent(4.5, None)], marked)
    if name == "BIDS folder":
        place = "sub-01/eeg/sub-01_task-szMonitoring_run-00"
        (folder / place).parent.mkdir(parents=True)
        (folder / "dataset_description.json").write_text('{"Name": "a", "BIDSVersion": "1.9.0"}')
        plain.rename(folder / f"{place}_eeg.edf")
        marked.unlink()
        return Door(f"{place}_events.tsv", [_SZCORE.encode()], lambda _: read_cohort(folder))
    examples = [marked.read_bytes()] if name == "EDF+ events" else [plain.read_bytes(), marked.read_bytes()]
    marked.unlink()
    return Door("input.edf", examples, _read_marks if name == "EDF+ events" else _read_eeg)


def _small_edf(path: Path) -> Path:
    labels, sfreq, n_s = ("EEG FP1-REF", "EEG F7-REF"), 64, 6
    noise_uv = 30 * np.random.default_rng(0).standard_normal((len(labels), sfreq * n_s), dtype=np.float32)
    write_edf(path, [noise_uv], labels=labels, sfreq=sfreq, start=datetime(2020, 1, 2, 3, 4, 5), n_s=n_s)
    return path


def _read_eeg(path: Path) -> None:
    for block_uv in open_recording(path, damaged=True).blocks_uv():
        if block_uv.size:
            return


def _read_marks(path: Path) -> None:
    events_from_marks(open_recording(path).marks)


def _door_to_model(name: str, folder: Path) -> Door:
    if name == "altered model, sealed again":
        return Door("input.eegwarn", small_models(), run_model, altered)
    path = write_models(folder, ("resnet",))["resnet int8"]
    if name == "model file":
        return Door("input.eegwarn", [path.read_bytes()], _read_model)
    whole = read_bundle(path)
    if name == "network of a model":
        return Door("model.onnx", [whole.onnx], lambda where: Runtime(replace(whole, onnx=where.read_bytes())))
    network, config = _untrained()
    asked = Bundle(replace(whole.config, backbone=config), whole.onnx, network)
    return Door("weights", [network], lambda where: trained_network(replace(asked, weights=where.read_bytes())))


def _untrained() -> tuple[bytes, dict[str, object]]:
    config_class, network_class = BACKBONES["resnet"]
    config = config_class()
    return save(dict(network_class(config).state_dict())), {"kind": "resnet", **to_table(config)}


def _read_model(path: Path) -> None:
    Runtime(read_bundle(path))
