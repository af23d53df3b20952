"""Random numbers that depend on what they are for, not on when they are asked for."""

from zlib import crc32

import numpy as np


def keyed_generator(seed: int, patient: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Give the random generator of one purpose, the same in whatever order generators are asked for.

    The counter-based Philox generator (Salmon et al., SC 2011, doi 10.1145/2063384.2063405) is seeded with all parts of
    the key, so that two different keys give independent streams.

    Parameters
    ----------
    seed, patient : int
        Cohort seed and patient number, each from 0 to 2**32 - 1.
    purpose : str
        What the numbers are for, such as ``"background"``.
    index : int
        Which block, hour or event of this purpose, from 0.
    """
    return np.random.Generator(
        np.random.Philox(np.random.SeedSequence((seed, patient, crc32(purpose.encode()), index)))
    )
