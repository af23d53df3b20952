"""Tasks of choosing what to annotate: simulated patients as a network sees them that was trained on others."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.active.environment import Task
from eegwarn.active.pool import Pool
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import SimulatedCohortRecording, SimulationConfig, simulated_cohort
from eegwarn.config import to_table, to_toml
from eegwarn.errors import CohortError
from eegwarn.events.labels import WindowState, label_windows
from eegwarn.signal.windows import WindowConfig
from eegwarn.whole_file import whole_file
from training.config import TrainConfig
from training.features import write_features
from training.labelling import correct_labels, rough_labels
from training.loop import Place, repeatable
from training.network import train_network
from training.windows import LabelledRecording, prepare_recordings

_HOP_S = 2.0
_EVERY = 4
"""Every so many windows one can be asked about; those to judge by lie half as far apart."""


@dataclass(frozen=True)
class TaskConfig:
    """How many patients are simulated, and for how long.

    Parameters
    ----------
    n_network : int
        Patients, half an hour each, on whose rough marks the network is trained.
    n_validation : int
        Patients on whom its training is watched.
    network_hours, hours : float
        Of each patient that the network is trained on, and of each that becomes a task.
    simulation, task_simulation : SimulationConfig
        Of those, and of these: rare seizures, as choosing must cope with.
    training : TrainConfig
        Of the network.
    """

    n_network: int = 16
    n_validation: int = 4
    network_hours: float = 0.4
    hours: float = 1.2
    simulation: SimulationConfig = field(default_factory=lambda: SimulationConfig(seizures_per_hour=3.0))
    task_simulation: SimulationConfig = field(default_factory=lambda: SimulationConfig(seizures_per_hour=4.0))
    training: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            method="plain",
            windows=WindowConfig(hop_s=_HOP_S),
            steps=300,
            batch_size=32,
            validate_every=100,
            validation_windows=400,
            patience=100,
            threads=1,
        )
    )


def simulated_tasks(
    n_tasks: int, seed: int, config: TaskConfig, *, scratch: Path, progress: Progress | None = None
) -> tuple[Task, ...]:
    """Simulate patients, train a network on some of them, and make a task of each other one.

    Parameters
    ----------
    n_tasks : int
        Patients that become tasks; fewer tasks where one has no two seizures in either half.
    seed : int
        Of patients, marks and network.
    config : TaskConfig
        How many and how long.
    scratch : Path
        Folder for signals and features; emptied at the end.
    progress : callable, optional
        Told of every step.
    """
    training = replace(config.training, seed=seed)
    network_cohort = simulated_cohort(
        config.n_network + config.n_validation, hours=config.network_hours, seed=seed, config=config.simulation
    )
    cohort = simulated_cohort(n_tasks, hours=config.hours, seed=seed + 1, config=config.task_simulation)
    try:
        known, new = (
            prepare_recordings(each, each.recordings, training, cache=scratch, step=step, progress=progress).recordings
            for each, step in ((network_cohort, "simulate others"), (cohort, "simulate patients"))
        )
        with repeatable(training.threads):
            place = Place(scratch / "network", "policy-tasks", torch.device("cpu"), progress=progress)
            marked = [each.target for each in known[: config.n_network]]
            learned = train_network(
                known[: config.n_network], marked, known[config.n_network :], training, place, stage="train network"
            )
            rows = write_features(learned.network, new, scratch / "features", place.device)
        return _tasks(new, rows, training)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def kept_tasks(
    n_tasks: int, seed: int, config: TaskConfig, *, folder: Path, progress: Progress | None = None
) -> tuple[Task, ...]:
    """Give `simulated_tasks`, kept in a file of ``folder`` once they were made, so that an interrupted run goes on."""
    what = to_toml({"n_tasks": n_tasks, "seed": seed, "config": to_table(config)})
    path = folder / f"tasks-{seed}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.npz"
    if not path.exists():
        tasks = simulated_tasks(n_tasks, seed, config, scratch=folder / f"scratch-{seed}", progress=progress)
        arrays = {
            f"{number}/{name}": value for number, task in enumerate(tasks) for name, value in _arrays(task).items()
        }
        with whole_file(path) as file:
            np.savez(file, **arrays)
    with np.load(path, allow_pickle=False) as arrays:
        n_kept = len({name.partition("/")[0] for name in arrays})
        fields = ("name", *_OF_POOL, *_OF_TEST)
        return tuple(_task_of({name: arrays[f"{number}/{name}"] for name in fields}) for number in range(n_kept))


_OF_POOL = ("features", "logit", "doubt", "time_s", "group")
_OF_TEST = ("truth", "test_features", "test_logit", "test_truth")


def _arrays(task: Task) -> dict[str, Any]:
    of_pool = {name: getattr(task.pool, name) for name in _OF_POOL}
    return {"name": task.name, **of_pool, **{name: getattr(task, name) for name in _OF_TEST}}


def _task_of(arrays: dict[str, Any]) -> Task:
    pool = Pool(*(arrays[name] for name in _OF_POOL))
    return Task(str(arrays["name"]), pool, *(arrays[name] for name in _OF_TEST))


def _tasks(
    recordings: Sequence[LabelledRecording], rows: Sequence[NDArray[np.float32]], config: TrainConfig
) -> tuple[Task, ...]:
    roughs = [rough_labels(each, row[:, -1]) for each, row in zip(recordings, rows, strict=True)]
    labels = correct_labels(roughs, replace(config, method="changepoint"), np.random.default_rng((config.seed, 3)))
    found = []
    for recording, row, corrected in zip(recordings, rows, labels, strict=True):
        doubt = np.abs(corrected.soft - recording.positive)
        try:
            found.append(_task(recording, np.array(row), doubt, config))
        except CohortError:
            continue
    return tuple(found)


def _task(
    recording: LabelledRecording, row: NDArray[np.float32], doubt: NDArray[np.float64], config: TrainConfig
) -> Task:
    """Ask about the first half of a recording and judge by the second."""
    windows = recording.windows
    truth = _truth(recording, config)
    first_half = windows.start_s < recording.source.duration_s / 2
    usable = windows.usable & np.isfinite(truth) & np.isfinite(doubt)
    asked = np.flatnonzero(usable & first_half)[::_EVERY]
    judged = np.flatnonzero(usable & ~first_half)[:: _EVERY // 2]
    pool = Pool(
        features=row[asked, :-1],
        logit=row[asked, -1].astype(np.float64),
        doubt=doubt[asked].astype(np.float64),
        time_s=windows.start_s[asked],
        group=np.zeros(len(asked), dtype=np.int64),
    )
    return Task(
        f"{config.seed} {recording.source.patient_id}",
        pool,
        truth[asked],
        row[judged, :-1],
        row[judged, -1].astype(np.float64),
        truth[judged],
    )


def _truth(recording: LabelledRecording, config: TrainConfig) -> NDArray[np.float64]:
    """Tell of every window whether its seizure is under way, by the simulator's truth; NaN just after one."""
    source = recording.source
    if not isinstance(source, SimulatedCohortRecording):
        raise TypeError(f"{source.name} is not simulated: its truth is not known.")
    windows = recording.windows
    state = label_windows(
        windows.start_s, windows.window_s, source.true_events, horizon_s=0.0, config=config.labels
    ).state
    return np.where(state == WindowState.POSTICTAL, np.nan, (state == WindowState.ICTAL).astype(np.float64))
