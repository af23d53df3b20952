"""What can be set about a simulated cohort."""

from dataclasses import dataclass

from eegwarn.errors import ConfigError

_ALLOWED_SFREQS = (200.0, 256.0, 500.0)


@dataclass(frozen=True)
class SimulationConfig:
    """Settings of a simulated cohort; what is not here differs from patient to patient by chance.

    Parameters
    ----------
    seizures_per_hour : float
        Mean rate over patients, 0 to 4. The default gives every patient a seizure in about every hour, so that a short
        demonstration has some; 0.02 to 0.2 is what an epilepsy monitoring unit sees.
    sfreqs : tuple of float
        Sampling rates in Hz, each 200, 256 or 500; a patient has one of them.
    line_frequencies_hz : tuple of float
        Mains frequencies, each 50 or 60; a patient has one of them. Empty for no mains interference.
    epileptor_fraction : float
        Share of patients, 0 to 1, whose seizures come from the Epileptor equations instead of an evolving rhythm.
    subtle_fraction : float
        Share of seizures, 0 to 1, that stay small and local.
    responder_fraction : float
        Share of patients, 0 to 1, whose EEG changes in the minutes before a seizure.
    artefact_rate : float
        Multiple, 0 to 10, of the usual number of artefacts and mimics.
    changing_channels_fraction : float
        Share of patients, 0 to 1, with channels that are missing or renamed in mid-course.
    n_raters : int
        How many experts mark the seizures, 1 to 9.
    recording_h : float
        Length of one file in hours, more than 0 and up to 24.
    """

    seizures_per_hour: float = 1.5
    sfreqs: tuple[float, ...] = _ALLOWED_SFREQS
    line_frequencies_hz: tuple[float, ...] = (50.0, 60.0)
    epileptor_fraction: float = 0.3
    subtle_fraction: float = 0.2
    responder_fraction: float = 0.55
    artefact_rate: float = 1.0
    changing_channels_fraction: float = 0.2
    n_raters: int = 3
    recording_h: float = 1.0

    def __post_init__(self) -> None:
        _check_range("seizures_per_hour", self.seizures_per_hour, 0, 4)
        _check_range("artefact_rate", self.artefact_rate, 0, 10)
        _check_range("n_raters", self.n_raters, 1, 9)
        for name in ("epileptor", "subtle", "responder", "changing_channels"):
            _check_range(f"{name}_fraction", getattr(self, f"{name}_fraction"), 0, 1)
        if not 0 < self.recording_h <= 24:
            raise ConfigError(f"recording_h must be more than 0 and at most 24, but got {self.recording_h}.")
        if not self.sfreqs or not set(self.sfreqs) <= set(_ALLOWED_SFREQS):
            raise ConfigError(f"sfreqs may hold 200, 256 and 500 Hz and must not be empty, but got {self.sfreqs}.")
        if not set(self.line_frequencies_hz) <= {50.0, 60.0}:
            raise ConfigError(f"line_frequencies_hz may hold 50 and 60 Hz, but got {self.line_frequencies_hz}.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} must be between {low} and {high}, but got {value}.")
