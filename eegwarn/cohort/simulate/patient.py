"""Who is simulated: what differs from patient to patient and stays for life."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.draws import keyed_generator
from eegwarn.cohort.simulate.geometry import ELECTRODES, electrode_positions
from eegwarn.errors import ConfigError

# Kind of epilepsy: its share of patients and the electrodes that its foci lie under, with their weights.
# Temporal foci lead as in adult surgical series; the midline and the occiput are rare.
_FOCI: dict[str, tuple[float, dict[str, float]]] = {
    "temporal": (0.56, {"T7": 3, "T8": 3, "F7": 2, "F8": 2, "FT9": 2, "FT10": 2, "P7": 0.5, "P8": 0.5}),
    "frontal": (0.20, {"F3": 2, "F4": 2, "FP1": 1, "FP2": 1, "FZ": 0.6}),
    "central": (0.06, {"C3": 2, "C4": 2, "CZ": 0.3}),
    "posterior": (0.07, {"P3": 2, "P4": 2, "PZ": 0.6, "O1": 0.5, "O2": 0.3}),
    "generalised": (0.11, {"FZ": 1.0}),
}


@dataclass(frozen=True)
class Rhythms:
    """The background of one patient: amplitudes in µV (median over electrodes), frequencies in Hz."""

    aperiodic_uv: float
    aperiodic_slope: float
    alpha_uv: float
    alpha_hz: float
    theta_uv: float
    delta_uv: float
    sigma_uv: float
    sigma_hz: float
    beta_uv: float
    emg_uv: float


@dataclass(frozen=True)
class Epilepsy:
    """How one patient's seizures come and go.

    Parameters
    ----------
    kind : str
        ``"temporal"``, ``"frontal"``, ``"central"``, ``"posterior"`` or ``"generalised"``.
    focus : tuple of float
        Unit vector from the head's centre to the focus.
    bitemporal : bool
        Whether the other temporal lobe joins within seconds of the onset.
    family : str
        ``"rhythm"`` or ``"epileptor"``: which equations the seizures come from.
    seizures_per_hour : float
        Mean over day and night, clusters not counted.
    night_share : float
        -1 to 1: how far seizures prefer the night (positive) or the day (negative).
    cluster_probability : float
        Probability that one more seizure follows within minutes.
    duration_s, early_s : float
        Median length of a seizure; length of the small local stage at its beginning.
    amplitude_uv : float
        Ictal amplitude under the focus.
    start_hz, end_hz : float
        Frequency of the ictal rhythm when it is established and at its end.
    spread_mm_s, reach_mm : float
        Speed of recruitment, and the distance over which it fades to 1/e.
    preictal_strength, preictal_s : float
        Strength (0 for a non-responder) and length of the change before a seizure.
    spikes_per_hour : float
        Interictal spikes in waking.
    """

    kind: str
    focus: tuple[float, float, float]
    bitemporal: bool
    family: str
    seizures_per_hour: float
    night_share: float
    cluster_probability: float
    duration_s: float
    early_s: float
    amplitude_uv: float
    start_hz: float
    end_hz: float
    spread_mm_s: float
    reach_mm: float
    preictal_strength: float
    preictal_s: float
    spikes_per_hour: float


@dataclass(frozen=True)
class Acquisition:
    """How one patient was recorded.

    Parameters
    ----------
    sfreq, line_hz, line_uv : float
        Sampling rate; mains frequency (0 for none) and its usual amplitude.
    start : datetime
        When the first recording began.
    change_after : int or None
        Number of the file after which channels are renamed and one is missing, or None.
    lost_electrode : str
        The electrode that is missing from then on.
    """

    sfreq: float
    line_hz: float
    line_uv: float
    start: datetime
    change_after: int | None
    lost_electrode: str


@dataclass(frozen=True)
class SimulatedPatient:
    """One patient of a simulated cohort, the same for the same seed, number and configuration."""

    seed: int
    number: int
    config: SimulationConfig
    rhythms: Rhythms
    epilepsy: Epilepsy
    acquisition: Acquisition

    def draws(self, purpose: str, index: int = 0) -> np.random.Generator:
        """Random numbers of this patient for one purpose."""
        return keyed_generator(self.seed, self.number, purpose, index)


def simulate_patient(number: int, *, seed: int, config: SimulationConfig | None = None) -> SimulatedPatient:
    """Draw one patient.

    Parameters
    ----------
    number : int
        From 0; patients of one cohort are told apart by it.
    seed : int
        The cohort's seed, 0 to 2**32 - 1.
    config : SimulationConfig, optional
        Settings of the cohort.

    Raises
    ------
    ConfigError
        If the seed or the number is out of bounds.
    """
    for name, value in (("seed", seed), ("patient number", number)):
        if not 0 <= value < 2**32:
            raise ConfigError(f"A {name} is a whole number from 0 to {2**32 - 1}, but got {value}.")
    config = config or SimulationConfig()
    return SimulatedPatient(
        seed=seed,
        number=number,
        config=config,
        rhythms=_draw_rhythms(keyed_generator(seed, number, "rhythms")),
        epilepsy=_draw_epilepsy(keyed_generator(seed, number, "epilepsy"), config),
        acquisition=_draw_acquisition(keyed_generator(seed, number, "acquisition"), config),
    )


def _draw_rhythms(rng: np.random.Generator) -> Rhythms:
    overall = _spread(rng, 1.0, 0.25)
    return Rhythms(
        aperiodic_uv=11.0 * overall,
        aperiodic_slope=float(rng.uniform(2.0, 2.8)),
        alpha_uv=_spread(rng, 8.5, 0.45) * overall,
        alpha_hz=float(rng.uniform(8.5, 11.3)),
        theta_uv=_spread(rng, 4.5, 0.3) * overall,
        delta_uv=_spread(rng, 6.0, 0.3) * overall,
        sigma_uv=_spread(rng, 4.0, 0.3) * overall,
        sigma_hz=float(rng.uniform(12.6, 14.2)),
        beta_uv=_spread(rng, 2.4, 0.55) * overall,
        emg_uv=_spread(rng, 1.0, 0.6),
    )


def _draw_epilepsy(rng: np.random.Generator, config: SimulationConfig) -> Epilepsy:
    kinds = list(_FOCI)
    kind = kinds[rng.choice(len(kinds), p=[_FOCI[name][0] for name in kinds])]
    weights = _FOCI[kind][1]
    electrode = list(weights)[rng.choice(len(weights), p=np.array(list(weights.values())) / sum(weights.values()))]
    direction = electrode_positions()[ELECTRODES.index(electrode)] + 0.12 * rng.standard_normal(3)
    focus = direction / np.linalg.norm(direction)
    responder = rng.random() < config.responder_fraction
    return Epilepsy(
        kind=kind,
        focus=(float(focus[0]), float(focus[1]), float(focus[2])),
        bitemporal=bool(kind == "temporal" and rng.random() < 0.45),
        family="epileptor" if rng.random() < config.epileptor_fraction else "rhythm",
        seizures_per_hour=config.seizures_per_hour * float(np.clip(_spread(rng, 1.0, 0.35), 0.67, 1.6)),
        night_share=float(rng.uniform(-0.5, 0.5)),
        cluster_probability=float(rng.choice([0.0, 0.25], p=[0.7, 0.3])),
        # Patients of CHB-MIT differ so in the logarithm of their usual seizure's length.
        duration_s=_spread(rng, 75.0, 0.55),
        early_s=float(rng.uniform(4, 15)),
        amplitude_uv=_spread(rng, 72.0, 0.5),
        start_hz=float(rng.uniform(5.5, 9.0)),
        end_hz=float(rng.uniform(2.2, 4.0)),
        spread_mm_s=float(rng.uniform(3, 10)),
        reach_mm=float(rng.uniform(25, 50)),
        preictal_strength=float(rng.uniform(0.7, 2.1)) * responder,
        preictal_s=float(rng.uniform(300, 1800)),
        spikes_per_hour=_spread(rng, 40.0, 1.0),
    )


def _draw_acquisition(rng: np.random.Generator, config: SimulationConfig) -> Acquisition:
    lines = config.line_frequencies_hz
    changes = rng.random() < config.changing_channels_fraction
    return Acquisition(
        sfreq=float(rng.choice(config.sfreqs)),
        line_hz=float(rng.choice(lines)) if lines else 0.0,
        line_uv=_spread(rng, 1.0, 0.8),
        start=datetime(2000, 1, 1, 7, tzinfo=UTC)
        + timedelta(days=int(rng.integers(0, 3000)), minutes=int(rng.integers(0, 720))),
        change_after=int(rng.integers(1, 4)) if changes else None,
        lost_electrode=str(rng.choice(["FT9", "FT10", "FZ", "PZ", "T8"])),
    )


def _spread(rng: np.random.Generator, median: float, log_sd: float) -> float:
    return float(median * np.exp(log_sd * rng.standard_normal()))
