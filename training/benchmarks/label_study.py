"""What label correction is tried on: simulated patients with rough marks, the truth, and a clinician's clips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate import SimulatedCohortRecording, SimulationConfig, simulated_cohort
from eegwarn.cohort.simulate.clips import clips_near_marks
from eegwarn.events.clips import KnownStretch
from eegwarn.events.event import SeizureEvent, in_time_order
from eegwarn.signal.windows import WindowConfig
from training.config import TrainConfig
from training.windows import LabelledRecording, label_recording, prepare_recordings

SIMULATION = SimulationConfig(seizures_per_hour=3.0)
"""More seizures than in any ward, so that half an hour of each patient is enough to learn from."""

TRAINING = TrainConfig(
    windows=WindowConfig(hop_s=2.0),
    steps=300,
    batch_size=32,
    validate_every=100,
    validation_windows=400,
    patience=100,
    threads=1,
    wanted_false_alarms_per_day=24.0,
)
"""Short, on one thread, and never stopped early: many trainings side by side, of equal length."""


@dataclass(frozen=True)
class StudySize:
    """How much is simulated for one seed.

    Parameters
    ----------
    n_training, n_validation, n_test : int
        Patients of each part.
    hours : float
        Of each patient.
    n_clips : int
        Clips of 10 s near marks of the training patients that a clinician labelled.
    """

    n_training: int = 24
    n_validation: int = 4
    n_test: int = 8
    hours: float = 0.4
    n_clips: int = 40


@dataclass(frozen=True)
class RaterErrors:
    """A rater who marks late, misses seizures, and marks some that never were.

    Parameters
    ----------
    median_s : float
        Median of the onset's error, lognormal.
    log_sd : float
        Spread of its logarithm.
    late_share : float
        Share of errors that are late; early ones have half the size.
    missed_share : float
        Share of seizures without a mark.
    false_share : float
        False marks for each seizure.
    """

    median_s: float
    log_sd: float = 0.6
    late_share: float = 0.95
    missed_share: float = 0.15
    false_share: float = 0.10


CONDITIONS: dict[str, RaterErrors | None] = {
    "as experts": None,
    "8 s late": RaterErrors(8.0),
    "20 s late": RaterErrors(20.0),
}
"""How the marks come about; None for those of the simulator's first rater, fitted to real experts."""


@dataclass(frozen=True)
class Study:
    """Recordings of three groups of patients, with rough marks.

    Parameters
    ----------
    training, validation : tuple of LabelledRecording
        Labelled by the marks; the training part knows the clinician's clips.
    test : tuple of LabelledRecording
        Labelled by the truth.
    truth : tuple of tuple of SeizureEvent
        Seizures as they are in each training recording.
    """

    training: tuple[LabelledRecording, ...]
    validation: tuple[LabelledRecording, ...]
    test: tuple[LabelledRecording, ...]
    truth: tuple[tuple[SeizureEvent, ...], ...]

    def with_truth(self, config: TrainConfig) -> "Study":
        """Let training and validation be labelled by the truth: the most that any correction can reach."""
        training = tuple(
            labelled_by(each, events, (), config) for each, events in zip(self.training, self.truth, strict=True)
        )
        validation = tuple(labelled_by(each, true_events(each), (), config) for each in self.validation)
        return replace(self, training=training, validation=validation)

    def without_clips(self) -> "Study":
        """Forget the clinician's clips."""
        training = (replace(each, clean=np.full_like(each.clean, np.nan)) for each in self.training)
        return replace(self, training=tuple(training))


def make_study(seed: int, errors: RaterErrors | None, size: StudySize, config: TrainConfig, *, cache: Path) -> Study:
    """Simulate patients, mark their seizures, and label some clips.

    Parameters
    ----------
    seed : int
        Of patients, marks and clips; the same patients whatever the errors.
    errors : RaterErrors or None
        How marks come about.
    size : StudySize
        How much.
    config : TrainConfig
        Signal, windows and labels.
    cache : Path
        Folder for processed signals.
    """
    n_patients = size.n_training + size.n_validation + size.n_test
    cohort = simulated_cohort(n_patients, hours=size.hours, seed=seed, config=SIMULATION)
    prepared = prepare_recordings(cohort, cohort.recordings, config, cache=cache, step="simulate").recordings
    rng = np.random.default_rng((seed, 11))
    truth = [true_events(each) for each in prepared]
    marks = [
        each.source.events if errors is None else rough_marks(true, each.source.duration_s, errors, rng)
        for each, true in zip(prepared, truth, strict=True)
    ]
    names = [each.source.name for each in prepared]
    first_validation, first_test = size.n_training, size.n_training + size.n_validation
    clips = clips_near_marks(
        dict(zip(names[:first_validation], marks[:first_validation], strict=True)),
        dict(zip(names, truth, strict=True)),
        {each.source.name: each.source.duration_s for each in prepared},
        size.n_clips,
        rng,
    )
    marked = tuple(
        labelled_by(each, events, clips.get(name, ()), config)
        for each, events, name in zip(prepared, marks, names, strict=True)
    )
    return Study(
        training=marked[:first_validation],
        validation=marked[first_validation:first_test],
        test=tuple(labelled_by(each, true_events(each), (), config) for each in prepared[first_test:]),
        truth=tuple(truth[:first_validation]),
    )


def true_events(recording: LabelledRecording) -> tuple[SeizureEvent, ...]:
    """Give the seizures of a simulated recording as they are."""
    source = recording.source
    if not isinstance(source, SimulatedCohortRecording):
        raise TypeError(f"{source.name} is not simulated: its truth is not known.")
    return source.true_events


def rough_marks(
    truth: Sequence[SeizureEvent], duration_s: float, errors: RaterErrors, rng: np.random.Generator
) -> tuple[SeizureEvent, ...]:
    """Mark seizures as a rater with given errors does, in seconds from the recording's start."""
    marks = []
    for seizure in truth:
        error_s = errors.median_s * float(np.exp(errors.log_sd * rng.standard_normal()))
        late, missed = rng.random() < errors.late_share, rng.random() < errors.missed_share
        onset_s = max(seizure.onset_s + (error_s if late else -error_s / 2), 0.0)
        offset_s = (seizure.offset_s or seizure.onset_s) + 4.0 * float(rng.standard_normal())
        if not missed and onset_s < duration_s:
            marks.append(SeizureEvent(onset_s, max(offset_s, onset_s + 10.0)))
    for onset_s in rng.uniform(0, duration_s, rng.poisson(errors.false_share * len(truth))):
        marks.append(SeizureEvent(float(onset_s), float(onset_s + rng.uniform(10, 60))))
    return in_time_order(marks)


def labelled_by(
    recording: LabelledRecording, events: tuple[SeizureEvent, ...], known: Sequence[KnownStretch], config: TrainConfig
) -> LabelledRecording:
    """Label a recording anew by other events and known stretches; its windows stay where they are."""
    source = replace(recording.source, events=events)
    return label_recording(source, recording.fingerprint, events, recording.windows, known, config)


def near_onsets(study: Study) -> list[NDArray[np.bool_]]:
    """Find the stretch in which marks are doubtful: from 60 s before a mark or an onset to 30 s after; (n_windows,)."""
    chosen = []
    for each, truth in zip(study.training, study.truth, strict=True):
        onsets_s = np.array([event.onset_s for event in (*each.source.events, *truth)])
        away_s = each.windows.centre_s[:, None] - onsets_s
        chosen.append(((away_s > -60) & (away_s < 30)).any(axis=1) & each.windows.usable)
    return chosen
