"""The longitudinal bipolar montage, formed from whatever a recording has."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import MontageError
from eegwarn.signal.channels import Channel

LEFT_TEMPORAL = ("FP1-F7", "F7-T7", "T7-P7", "P7-O1")
LEFT_PARASAGITTAL = ("FP1-F3", "F3-C3", "C3-P3", "P3-O1")
MIDLINE = ("FZ-CZ", "CZ-PZ")
RIGHT_PARASAGITTAL = ("FP2-F4", "F4-C4", "C4-P4", "P4-O2")
RIGHT_TEMPORAL = ("FP2-F8", "F8-T8", "T8-P8", "P8-O2")

LONGITUDINAL_BIPOLAR = (*LEFT_TEMPORAL, *LEFT_PARASAGITTAL, *MIDLINE, *RIGHT_PARASAGITTAL, *RIGHT_TEMPORAL)
"""The 18 derivations that every model sees, in this order."""

Missing = Literal["error", "mask"]


@dataclass(frozen=True)
class Montage:
    """How each derivation is formed: ``sign_1 * channel_1 + sign_2 * channel_2``.

    Parameters
    ----------
    names : tuple of str
        Derivations, for example ``"FP1-F7"``.
    first, second : ndarray of int, shape (n_derivations,)
        Rows of the recording's channels; where one channel is enough, ``second`` repeats it with sign 0.
    first_sign, second_sign : ndarray of float32, shape (n_derivations,)
        1, -1, or 0 for a channel that takes no part.
    """

    names: tuple[str, ...]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    first_sign: NDArray[np.float32]
    second_sign: NDArray[np.float32]

    @property
    def formed(self) -> NDArray[np.bool_]:
        """Which derivations the recording's channels can form, shape (n_derivations,)."""
        formed: NDArray[np.bool_] = self.first_sign != 0
        return formed

    @property
    def uses_two(self) -> NDArray[np.bool_]:
        """Which derivations are the difference of two channels, shape (n_derivations,)."""
        uses_two: NDArray[np.bool_] = self.second_sign != 0
        return uses_two

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of the channels that take part, rising."""
        return np.unique(np.concatenate([self.first[self.formed], self.second[self.uses_two]]))

    def of_rows(self, rows: NDArray[np.intp]) -> "Montage":
        """Give the same derivations where there are the channels of ``rows`` only: at least `rows`, rising."""
        return replace(self, first=np.searchsorted(rows, self.first), second=np.searchsorted(rows, self.second))

    def derive(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        """Form the derivations.

        Parameters
        ----------
        data : ndarray, shape (n_channels, n_times)
            The recording's channels, free of NaN.

        Returns
        -------
        ndarray, shape (n_derivations, n_times)
            Zero for a derivation that cannot be formed.
        """
        derived = np.empty((len(self.names), data.shape[1]), dtype=np.float32)
        derived[~self.formed] = 0
        terms = zip(self.first, self.first_sign, self.second, self.second_sign, derived, strict=True)
        for first, first_sign, second, second_sign, row in terms:
            if first_sign:
                np.multiply(data[first], first_sign, out=row)
            if second_sign:
                row += data[second] * second_sign
        return derived

    def derive_flags(self, flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Combine quality flags, shape (n_channels, n), into those of the derivations, shape (n_derivations, n)."""
        derived = flags[self.first]
        derived[self.uses_two] |= flags[self.second[self.uses_two]]
        return derived


def plan_montage(
    channels: tuple[Channel, ...],
    *,
    missing: Missing = "error",
    names: tuple[str, ...] = LONGITUDINAL_BIPOLAR,
) -> Montage:
    """Find for each derivation the channel, or the two channels, that give it.

    A channel is an edge between two electrodes (or an electrode and a reference), and a derivation is a path of at most
    two edges. So bipolar input, referential input with any reference, and mixtures of them take the same way.

    Parameters
    ----------
    channels : tuple of Channel
        What the recording has.
    missing : {"error", "mask"}
        Whether a derivation that cannot be formed is an error, or stays zero and is marked as missing.
    names : tuple of str
        The derivations wanted.

    Raises
    ------
    MontageError
        If none can be formed, or one cannot and ``missing`` is ``"error"``.
    """
    edges = _edges(channels)
    terms = [_terms(name, edges) for name in names]
    absent = [name for name, term in zip(names, terms, strict=True) if term is None]
    if len(absent) == len(names):
        found = ", ".join(channel.name for channel in channels) or "none"
        raise MontageError(f"None of the {len(names)} derivations can be formed from the EEG channels found ({found}).")
    if absent and missing == "error":
        raise MontageError(
            f"{len(absent)} of the {len(names)} derivations cannot be formed: {', '.join(absent)}. "
            "Use --set signal.missing=mask to go on without them."
        )
    table = np.array([term or (0, 0, 0, 0) for term in terms])
    signs = table.astype(np.float32)
    return Montage(names, table[:, 0].astype(np.intp), table[:, 2].astype(np.intp), signs[:, 1], signs[:, 3])


def _edges(channels: tuple[Channel, ...]) -> dict[str, dict[str, tuple[int, int]]]:
    """Map electrode -> neighbour -> (row, sign), the first of duplicate channels winning."""
    edges: dict[str, dict[str, tuple[int, int]]] = {}
    for row, channel in enumerate(channels):
        edges.setdefault(channel.anode, {}).setdefault(channel.cathode, (row, 1))
        edges.setdefault(channel.cathode, {}).setdefault(channel.anode, (row, -1))
    return edges


def _terms(name: str, edges: dict[str, dict[str, tuple[int, int]]]) -> tuple[int, int, int, int] | None:
    anode, cathode = name.split("-")
    from_anode = edges.get(anode, {})
    if cathode in from_anode:
        row, sign = from_anode[cathode]
        return row, sign, row, 0
    for via, (row, sign) in from_anode.items():
        if cathode in edges[via]:
            return row, sign, *edges[via][cathode]
    return None
