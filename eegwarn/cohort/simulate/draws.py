"""Random numbers that depend on what they are for, not on when they are asked for."""

from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray


def keyed_generator(seed: int, patient: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Give the random generator of one purpose, the same in whatever order generators are asked for.

    Seed, patient and purpose make the key of a counter-based Philox generator (Salmon et al., SC 2011, doi
    10.1145/2063384.2063405) through NumPy's ``SeedSequence``; ``index`` is the highest word of its counter, so that
    each index has 2**192 blocks of numbers of its own.

    Parameters
    ----------
    seed, patient : int
        Cohort seed and patient number, each from 0 to 2**32 - 1.
    purpose : str
        What the numbers are for, such as ``"background"``.
    index : int
        Which block, hour or event of this purpose, from 0.
    """
    return np.random.Generator(np.random.Philox(key=_key(seed, patient, purpose), counter=(0, 0, 0, index)))


@lru_cache(maxsize=1024)
def _key(seed: int, patient: int, purpose: str) -> NDArray[np.uint64]:
    words = np.random.SeedSequence((seed, patient, crc32(purpose.encode()))).generate_state(2, np.uint64)
    return np.asarray(words, dtype=np.uint64)


@lru_cache(maxsize=1024)
def keyed_normals(seed: int, patient: int, purpose: str, index: int, n_values: int) -> NDArray[np.float64]:
    """Draw and keep ``n_values`` standard normal numbers of one key; the array must not be changed."""
    values = keyed_generator(seed, patient, purpose, index).standard_normal(n_values)
    values.flags.writeable = False
    return values
