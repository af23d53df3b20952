"""What a rater can say about a clip, and what she saw while she said it."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

from eegwarn.errors import StoreError


class Label(StrEnum):
    """What a clip shows."""

    SEIZURE = "seizure"
    NOT_SEIZURE = "not seizure"
    ARTEFACT = "artefact"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Display:
    """How the EEG was shown when it was labelled; None where that is not known.

    Parameters
    ----------
    montage : str or None
        Its name.
    high_pass_hz, low_pass_hz, notch_hz : float or None
        Filters; 0 for none.
    sensitivity_uv_mm : float or None
        Gain, in µV/mm.
    """

    montage: str | None = None
    high_pass_hz: float | None = None
    low_pass_hz: float | None = None
    notch_hz: float | None = None
    sensitivity_uv_mm: float | None = None


DISPLAY = tuple(each.name for each in fields(Display))
"""The names of what is written about the display."""


@dataclass(frozen=True)
class Answer:
    """What a rater says about a clip.

    Parameters
    ----------
    label : Label
        What it shows.
    confidence : float or None
        Between 0 and 1.
    onset_s : float or None
        Where in the clip the seizure begins, seconds from the recording's start; None where all of it is seizure.
    response_s : float or None
        How long it took to answer, in s.
    comment : str
        Free text, up to 2000 characters; never a name.
    display : Display
        How the EEG was shown.
    saw_level : bool or None
        Whether she had asked for the model's level on this clip, and so was not blind; None where that is not known.
    """

    label: Label
    confidence: float | None = None
    onset_s: float | None = None
    response_s: float | None = None
    comment: str = ""
    display: Display = field(default_factory=Display)
    saw_level: bool | None = None

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise StoreError(f"A confidence lies between 0 and 1, but got {self.confidence!r}.")
        if self.response_s is not None and not 0 <= self.response_s < float("inf"):
            raise StoreError(f"A response takes a finite time in s, but got {self.response_s!r}.")
        if len(self.comment) > 2000:
            raise StoreError(f"A comment has up to 2000 characters, but got {len(self.comment)}. Shorten it.")
        if self.onset_s is not None and self.label is not Label.SEIZURE:
            raise StoreError(f"An onset was marked in a clip labelled {self.label.value!r}. Label it 'seizure'.")
