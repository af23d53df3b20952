"""Head geometry: electrodes on a sphere, sources below it, and the matrix that leads from one to the other.

Everything is in closed form, in units of the head's radius: x to the right ear, y to the nose, z to the vertex.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ELECTRODES = tuple("FP1 FP2 F7 F3 FZ F4 F8 FT9 FT10 T7 C3 CZ C4 T8 P7 P3 PZ P4 P8 O1 O2".split())
"""The 10-20 system with the two anterior temporal electrodes that CHB-MIT adds."""

N_SOURCES = 72
SOURCE_RADIUS = 0.80
HEAD_RADIUS_MM = 90.0
# Brain, fluid, skull and scalp: outer radius (of the head's) and conductivity (S/m), the usual four-shell values.
_SHELL_RADII = (0.90, 0.92, 0.97, 1.0)
_SHELL_CONDUCTIVITIES = (0.33, 1.0, 0.004, 0.33)
_N_LEGENDRE = 60
# Degrees from the vertex and round from the nose to the right, after the 10-20 rule of 10 and 20 % steps.
_POLAR_DEG = {
    **{"FZ": (36, 0), "CZ": (0, 0), "PZ": (36, 180), "C3": (36, -90), "C4": (36, 90)},
    **{"FP1": (72, -18), "F7": (72, -54), "T7": (72, -90), "P7": (72, -126), "O1": (72, -162), "FT9": (90, -72)},
    **{"FP2": (72, 18), "F8": (72, 54), "T8": (72, 90), "P8": (72, 126), "O2": (72, 162), "FT10": (90, 72)},
}
_BETWEEN = {"F3": ("F7", "FZ"), "F4": ("F8", "FZ"), "P3": ("P7", "PZ"), "P4": ("P8", "PZ")}


@cache
def electrode_positions() -> NDArray[np.float64]:
    """Give the unit vectors of the electrodes, shape (n_electrodes, 3), in the order of ``ELECTRODES``."""
    positions = {name: _on_sphere(*np.deg2rad(angles)) for name, angles in _POLAR_DEG.items()}
    for name, (first, second) in _BETWEEN.items():
        middle = positions[first] + positions[second]
        positions[name] = middle / np.linalg.norm(middle)
    return np.array([positions[name] for name in ELECTRODES])


def _on_sphere(polar: float, azimuth: float) -> NDArray[np.float64]:
    return np.array([np.sin(polar) * np.sin(azimuth), np.sin(polar) * np.cos(azimuth), np.cos(polar)])


@cache
def source_positions() -> NDArray[np.float64]:
    """Positions of the radial sources, shape (n_sources, 3): a Fibonacci spiral on the upper part of a shell."""
    rank = np.arange(N_SOURCES) + 0.5
    height = 1 - rank / N_SOURCES * 1.45
    azimuth = np.pi * (1 + 5**0.5) * rank
    radius = np.sqrt(1 - height**2)
    return SOURCE_RADIUS * np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=1)


@cache
def leadfield() -> NDArray[np.float64]:
    """Potential at each electrode, against one between CZ and PZ, of each radial source.

    Returns
    -------
    ndarray, shape (n_electrodes, n_sources)
        Scaled to 1 for the largest entry. The potential on a four-shell sphere is the Legendre series of Zhang
        (Phys. Med. Biol. 40:335, 1995, doi 10.1088/0031-9155/40/3/001), its coefficients found by matching potential
        and current at the shells.
    """
    reference = _on_sphere(np.deg2rad(18), np.pi)
    places = np.vstack([electrode_positions(), reference])
    cosine = places @ (source_positions() / SOURCE_RADIUS).T
    coefficients = np.concatenate(
        [[0.0], [_surface_gain(n) * n * SOURCE_RADIUS ** (n - 1) for n in range(1, _N_LEGENDRE + 1)]]
    )
    potential = np.polynomial.legendre.legval(cosine, coefficients)
    against_reference = potential[:-1] - potential[-1]
    return np.asarray(against_reference / np.abs(against_reference).max())


def _surface_gain(n: int) -> float:
    """Surface potential of order ``n`` for a unit outgoing field ``r**-(n + 1)`` in the innermost shell."""
    # In a shell the potential is rising * r**n + falling * r**-(n + 1); no current leaves the outermost one.
    rising, falling = (n + 1) / n, 1.0
    shells = list(zip(_SHELL_RADII, _SHELL_CONDUCTIVITIES, strict=True))
    for (radius, inner), (_, outer) in zip(shells[-2::-1], shells[:0:-1], strict=True):
        value = rising * radius**n + falling * radius ** -(n + 1)
        current = outer / inner * (n * rising * radius**n - (n + 1) * falling * radius ** -(n + 1))
        rising = ((n + 1) * value + current) / (2 * n + 1) / radius**n
        falling = (n * value - current) / (2 * n + 1) * radius ** (n + 1)
    return (2 * n + 1) / n / falling


def distances_mm(point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances along the cortex shell from a direction (unit vector) to every source, shape (n_sources,), in mm."""
    cosine = np.clip(source_positions() @ point / SOURCE_RADIUS, -1, 1)
    return np.arccos(cosine) * SOURCE_RADIUS * HEAD_RADIUS_MM


def near(place: NDArray[np.float64] | str, width_mm: float) -> NDArray[np.float64]:
    """Weight of every source, shape (n_sources,): a Gaussian of ``width_mm`` round a direction or an electrode."""
    point = electrode_positions()[ELECTRODES.index(place)] if isinstance(place, str) else place
    return np.exp(-0.5 * (distances_mm(point) / width_mm) ** 2)
