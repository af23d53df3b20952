"""The montages in which EEG can be shown, formed from whatever a recording has."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import MontageError
from eegwarn.signal.channels import Channel
from eegwarn.signal.montage import Montage, plan_montage

BIPOLAR = "longitudinal bipolar"
REFERENTIAL = "referential"
AVERAGE = "average"
MONTAGES = (BIPOLAR, REFERENTIAL, AVERAGE)

_AVERAGE = Channel("AVG")
# Left, midline, right, each from the front to the back, as readers expect them; other electrodes follow.
_ORDER = "FP1 F7 T7 P7 F3 C3 P3 O1 FZ CZ PZ FP2 F4 C4 P4 F8 T8 P8 O2".split()
_LEAST_FOR_AVERAGE = 4


@dataclass(frozen=True)
class ShownMontage:
    """How the rows of a page are formed from the samples of a recording.

    Parameters
    ----------
    name : str
        One of `MONTAGES`.
    montage : Montage
        Of `channels`.
    channels : tuple of Channel
        The recording's, and after them the average where one is needed.
    averaged : ndarray of int
        Rows of the recording that the average is made of; empty where none is needed.
    """

    name: str
    montage: Montage
    channels: tuple[Channel, ...]
    averaged: NDArray[np.intp]

    def with_average(self, block_uv: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append the average to a block of shape (n_channels, n_times); an absent sample takes no part in it."""
        if not self.averaged.size:
            return block_uv
        parts = block_uv[self.averaged]
        known = np.isfinite(parts)
        n_known = known.sum(axis=0, dtype=np.float32)
        total = np.where(known, parts, 0).sum(axis=0, dtype=np.float32)
        average = np.divide(total, n_known, out=np.full_like(total, np.nan), where=n_known > 0)
        return np.vstack([block_uv, average])


def montages_for(channels: tuple[Channel, ...]) -> tuple[str, ...]:
    """Name the montages of which a recording's channels give at least one row."""
    found = []
    for name in MONTAGES:
        try:
            shown_montage(channels, name)
        except MontageError:
            continue
        found.append(name)
    return tuple(found)


def shown_montage(channels: tuple[Channel, ...], name: str) -> ShownMontage:
    """Plan a montage.

    Parameters
    ----------
    channels : tuple of Channel
        What the recording has.
    name : str
        One of `MONTAGES`.

    Raises
    ------
    MontageError
        If nothing of it can be formed.
    """
    nothing = np.empty(0, dtype=np.intp)
    if name == BIPOLAR:
        return ShownMontage(name, plan_montage(channels, missing="mask"), channels, nothing)
    rows = _referential_rows(channels)
    least = _LEAST_FOR_AVERAGE if name == AVERAGE else 1
    if len(rows) < least:
        raise MontageError(
            f"The montage {name!r} needs {least} or more channels against one reference, but there are {len(rows)}. "
            f"Choose {BIPOLAR!r}."
        )
    kept = np.ones(len(rows), dtype=np.float32)
    if name == REFERENTIAL:
        names = tuple(channels[row].anode for row in rows)
        return ShownMontage(name, Montage(names, rows, rows, kept, 0 * kept), channels, nothing)
    names = tuple(f"{channels[row].anode}-AVG" for row in rows)
    against = np.full(len(rows), len(channels), dtype=np.intp)
    return ShownMontage(name, Montage(names, rows, against, kept, -kept), (*channels, _AVERAGE), rows)


def _referential_rows(channels: tuple[Channel, ...]) -> NDArray[np.intp]:
    """Find one channel an electrode, all against the most common reference: others cannot be averaged with them."""
    references = Counter(channel.cathode for channel in channels if not channel.is_bipolar)
    (common, _), *_ = references.most_common(1) or [("", 0)]
    row_of: dict[str, int] = {}
    for row, channel in enumerate(channels):
        if channel.cathode == common and not channel.is_bipolar:
            row_of.setdefault(channel.anode, row)
    place = {electrode: number for number, electrode in enumerate(_ORDER)}
    ordered = sorted(row_of, key=lambda electrode: place.get(electrode, len(place)))
    return np.array([row_of[electrode] for electrode in ordered], dtype=np.intp)


def side_of(row_name: str) -> str:
    """Tell the side of the head: odd electrodes are left, even ones right, and Z is the midline."""
    last = row_name.partition("-")[0][-1]
    return "midline" if last == "Z" else "left" if int(last) % 2 else "right"
