"""A small simulated cohort on disk, and a model trained on it in a few steps."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eegwarn.backbones.resnet import ResNetConfig
from eegwarn.cohort import Cohort, read_cohort
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from training.config import SplitConfig, TrainConfig
from training.train import Trained, train
from training.windows import LabelledRecording, prepare_recordings

TINY = TrainConfig(
    steps=12,
    batch_size=8,
    validate_every=4,
    validation_windows=50,
    threads=1,
    split=SplitConfig(test_fraction=0.25, validation_fraction=0.25),
    resnet=ResNetConfig(widths=(8, 8), kernel=3),
)


@pytest.fixture(scope="session", autouse=True)
def _one_round() -> Iterator[None]:
    """Measure a model in one process instead of two: the second is for machines that are busy with other things."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.footprint._ROUNDS", 1)
        yield


@pytest.fixture(scope="session")
def cohort_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    config = SimulationConfig(seizures_per_hour=4.0, sfreqs=(200.0,))
    write_cohort(folder, n_patients=5, hours=0.25, seed=1, config=config)
    return folder


@pytest.fixture(scope="session")
def cohort(cohort_folder: Path) -> Cohort:
    return read_cohort(cohort_folder)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def parts(cohort: Cohort, cache: Path) -> tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]:
    """Two patients with seizures to train on, and two to validate on."""
    with_seizures = [each for each in cohort.recordings if each.events]
    prepared = prepare_recordings(cohort, with_seizures[:4], TINY, cache=cache, step="read")
    assert not prepared.skipped
    return prepared.recordings[:2], prepared.recordings[2:]


@pytest.fixture(scope="session")
def trained(cohort: Cohort, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(cohort, tmp_path_factory.mktemp("model") / "tiny.eegwarn", TINY, cache=cache, device="cpu")


def louder_in_seizures(recording: LabelledRecording) -> LabelledRecording:
    """Multiply the EEG of marked seizures by 6, so that a few steps are enough to tell them."""
    data = recording.windows.data[:] * np.where(recording.positive, 6, 1).astype(np.float16)[:, None, None]
    return replace(recording, windows=replace(recording.windows, data=data))
