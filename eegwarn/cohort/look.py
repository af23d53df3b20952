"""A look at one recording: what it holds, from its header and a few short reads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import RecordingError
from eegwarn.events import SeizureEvent, events_from_marks
from eegwarn.signal.chain import LEAST_SFREQ
from eegwarn.signal.channels import Channel
from eegwarn.signal.edf_header import read_edf_header, record_onsets_s
from eegwarn.signal.mains import LEAST_PLAUSIBLE_UV, MOST_PLAUSIBLE_UV, check_amplitude, guess_mains_hz
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR, plan_montage
from eegwarn.signal.quality import Quality, QualityConfig, QualityJudge
from eegwarn.signal.recording import Recording, open_recording

_N_LOOKS = 8
_LOOK_S = 4.0

MontageKind = Literal["referential", "bipolar", "mixed"]


@dataclass(frozen=True)
class RecordingReport:
    """What a recording holds, and why it cannot be used. Nothing in it is about the patient.

    Parameters
    ----------
    path : str
        The file.
    usable : bool
        Whether it can be opened, forms at least one derivation, and has an amplitude that can be EEG.
    problems : tuple of str
        One sentence each; some only limit its use.
    duration_s, sfreq : float or None
        Length in s and rate in Hz; None where it cannot be opened, as below.
    channels : tuple of str
        EEG channels, names normalised.
    set_aside : tuple of str
        Other channels, as written.
    montage : {"referential", "bipolar", "mixed"} or None
        What the EEG channels are measured against.
    derivations, missing_derivations : tuple of str
        Which of the 18 derivations can be formed, and which not.
    gaps_s : tuple of (float, float)
        Start and length of each interruption that the file declares, in s.
    amplitude_uv : float or None
        Median, over channels and stretches that are alive, of the absolute deviation from their own median, in µV.
    flat_channels, saturated_channels, nan_channels, implausible_channels : tuple of str
        Channels that were flat or saturated in most of the seconds looked at (as `eegwarn.signal.quality` judges them),
        lacked samples that others had, or deviated by less than 0.05 or more than 20000 µV in every stretch.
    mains_hz : int or None
        50, 60, or 0 where neither stands out.
    events : tuple of SeizureEvent or None
        Seizures, also those after the end; None where nothing tells.
    """

    path: str
    usable: bool
    problems: tuple[str, ...] = ()
    duration_s: float | None = None
    sfreq: float | None = None
    channels: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    montage: MontageKind | None = None
    derivations: tuple[str, ...] = ()
    missing_derivations: tuple[str, ...] = LONGITUDINAL_BIPOLAR
    gaps_s: tuple[tuple[float, float], ...] = ()
    amplitude_uv: float | None = None
    flat_channels: tuple[str, ...] = ()
    saturated_channels: tuple[str, ...] = ()
    nan_channels: tuple[str, ...] = ()
    implausible_channels: tuple[str, ...] = ()
    mains_hz: int | None = None
    events: tuple[SeizureEvent, ...] | None = None


def look_at(path: Path, events: tuple[SeizureEvent, ...] | None) -> RecordingReport:
    """Look at a recording without reading more than about a minute of it.

    Parameters
    ----------
    path : Path
        The file.
    events : tuple of SeizureEvent or None
        What files beside it say; None where none does, so that its own annotations tell.
    """
    try:
        recording = open_recording(path)
        if recording.sfreq < LEAST_SFREQ:
            raise RecordingError(
                f"Recording {path.name!r} cannot be used: {recording.sfreq:g} Hz is too slow for EEG to be judged. "
                f"At least {LEAST_SFREQ:g} Hz are needed."
            )
        looks, mains_hz, gaps_s = _looks(recording), guess_mains_hz(recording), _gaps_s(path)
    except RecordingError as error:
        return RecordingReport(str(path), usable=False, problems=(str(error),), events=events)
    derivations, problems = _derivations(recording)
    amplitudes = _amplitudes(recording, looks)
    if amplitudes["amplitude_uv"] is None:
        problems.append("All channels are flat or without samples wherever it was looked at.")
    events = events if events is not None else events_from_marks(recording.marks) or None
    return RecordingReport(
        path=str(path),
        usable=not problems,
        problems=(*problems, *_event_problems(events, recording.duration_s)),
        duration_s=float(recording.duration_s),
        sfreq=recording.sfreq,
        channels=tuple(channel.name for channel in recording.channels),
        set_aside=recording.set_aside,
        montage=_montage_kind(recording.channels),
        derivations=derivations,
        missing_derivations=tuple(name for name in LONGITUDINAL_BIPOLAR if name not in derivations),
        gaps_s=gaps_s,
        mains_hz=mains_hz,
        events=events,
        **amplitudes,
    )


def _derivations(recording: Recording) -> tuple[tuple[str, ...], list[str]]:
    """Which derivations can be formed, and what forbids their use."""
    derivations: tuple[str, ...] = ()
    try:
        montage = plan_montage(recording.channels, missing="mask")
        derivations = tuple(name for name, formed in zip(montage.names, montage.formed, strict=True) if formed)
        check_amplitude(recording)
    except RecordingError as error:
        return derivations, [str(error)]
    return derivations, []


def _looks(recording: Recording) -> NDArray[np.float32]:
    """Short stretches spread over the recording, shape (n_channels, n_looks, n_times)."""
    length = min(recording.n_times, max(1, round(_LOOK_S * recording.sfreq)))
    starts = np.unique(np.linspace(0, recording.n_times - length, _N_LOOKS).astype(int))
    return np.stack([recording.read_uv(int(start), int(start) + length) for start in starts], axis=1)


def _amplitudes(recording: Recording, looks: NDArray[np.float32]) -> dict[str, Any]:
    channels = recording.channels
    absent = np.asarray(~np.isfinite(looks).all(axis=-1))
    in_gap = absent.all(axis=0)
    whole = np.where(absent[..., None], np.float32(0), looks)
    flat, saturated = _flagged(looks, recording.sfreq)
    deviation_uv = np.median(np.abs(whole - np.median(whole, axis=-1, keepdims=True)), axis=-1)
    alive = ~absent & ~flat[:, None]
    implausible = (deviation_uv < LEAST_PLAUSIBLE_UV) | (deviation_uv > MOST_PLAUSIBLE_UV)
    return {
        "amplitude_uv": float(np.median(deviation_uv[alive])) if alive.any() else None,
        "flat_channels": _names(channels, flat),
        "saturated_channels": _names(channels, saturated),
        "nan_channels": _names(channels, np.asarray((absent & ~in_gap).any(axis=1))),
        "implausible_channels": _names(channels, np.asarray((implausible | ~alive).all(axis=1) & alive.any(axis=1))),
    }


def _flagged(looks: NDArray[np.float32], sfreq: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which channels are flat, and which saturated, in more than half of the whole seconds that have all samples."""
    second_len = round(sfreq)
    whole_len = looks.shape[-1] // second_len * second_len
    judge = QualityJudge(len(looks), sfreq, (), QualityConfig())
    flags = judge.judge(looks[..., :whole_len].reshape(len(looks), -1))
    n_judged = ((flags & (Quality.NAN | Quality.GAP).value) == 0).sum(axis=1)
    flat, saturated = (((flags & flag.value) != 0).sum(axis=1) for flag in (Quality.FLAT, Quality.SATURATED))
    return flat > n_judged / 2, saturated > n_judged / 2


def _names(channels: tuple[Channel, ...], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(channel.name for channel, is_chosen in zip(channels, chosen, strict=True) if is_chosen)


def _gaps_s(path: Path) -> tuple[tuple[float, float], ...]:
    if path.suffix.lower() not in (".edf", ".bdf"):
        return ()
    header = read_edf_header(path)
    if not header.may_have_gaps:
        return ()
    onset_s = record_onsets_s(path, header)
    length_s = np.diff(onset_s) - header.record_s
    # Less than a sample is the rounding of a time stamp.
    at = np.flatnonzero(length_s > header.record_s / max(header.samples_per_record))
    return tuple((float(onset_s[i] + header.record_s), float(length_s[i])) for i in at)


def _montage_kind(channels: tuple[Channel, ...]) -> MontageKind:
    bipolar = {channel.is_bipolar for channel in channels}
    return "mixed" if len(bipolar) == 2 else "bipolar" if bipolar == {True} else "referential"


def _event_problems(events: tuple[SeizureEvent, ...] | None, duration_s: float) -> list[str]:
    if events is None:
        return ["Nothing tells its seizures, so it can be scored but not learned from."]
    outside = [event.onset_s for event in events if not event.lies_in(duration_s)]
    return [f"The seizure at {onset_s:g} s lies outside its {duration_s:g} s." for onset_s in outside]
