"""Stretches of time as arrays of shape (n, 2): start and end in seconds, in time order, none overlapping another."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.events.event import join_overlapping

Spans = NDArray[np.float64]


def merge_spans(spans: ArrayLike, *, duration_s: float) -> Spans:
    """Sort stretches, cut them to [0, ``duration_s``] and join those that overlap or touch.

    Parameters
    ----------
    spans : array_like, shape (n, 2)
        Start and end in any order; those that lie wholly outside the recording are dropped.
    duration_s : float
        Length of the recording.

    Returns
    -------
    ndarray, shape (n_merged, 2)
    """
    bounds = np.asarray(spans, dtype=np.float64).reshape(-1, 2)
    bounds = bounds[(bounds[:, 1] >= 0) & (bounds[:, 0] <= duration_s)].clip(0, duration_s)
    bounds = bounds[np.lexsort((bounds[:, 1], bounds[:, 0]))]
    return join_overlapping(bounds[:, 0], bounds[:, 1])


def outside(spans: ArrayLike, holes: Spans) -> Spans:
    """Cut merged stretches out of others.

    Parameters
    ----------
    spans : array_like, shape (n, 2)
        In any order; a moment (start and end equal) stays where it lies in no hole.
    holes : ndarray, shape (n_holes, 2)
        Merged stretches.

    Returns
    -------
    ndarray, shape (n_left, 2)
        What is left, not merged.
    """
    bounds = np.asarray(spans, dtype=np.float64).reshape(-1, 2)
    start = np.maximum(bounds[:, :1], np.concatenate([[-np.inf], holes[:, 1]]))
    end = np.minimum(bounds[:, 1:], np.concatenate([holes[:, 0], [np.inf]]))
    moment = (bounds[:, :1] == bounds[:, 1:]) & ~covered(bounds[:, :1], holes)
    left = (start < end) | (moment & (start == end))
    return np.column_stack([start[left], end[left]])


def total_s(spans: Spans) -> float:
    """Seconds covered by merged stretches."""
    return float(np.sum(spans[:, 1] - spans[:, 0]))


def covered(time_s: ArrayLike, spans: Spans) -> NDArray[np.bool_]:
    """Which moments (in s) lie in one of the merged stretches, both ends included; of the shape of ``time_s``."""
    moments = np.asarray(time_s, dtype=np.float64)
    if not len(spans):
        return np.zeros(moments.shape, dtype=bool)
    nearest = np.searchsorted(spans[:, 0], moments, side="right") - 1
    inside: NDArray[np.bool_] = (nearest >= 0) & (moments <= spans[np.maximum(nearest, 0), 1])
    return inside
