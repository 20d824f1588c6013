"""The random numbers of one face, drawn in a fixed order from a counter-based generator."""

from collections.abc import Iterator

import numpy as np


class Chances:
    """A stream of draws that depends on (seed, index) alone.

    Two blocks of numbers are drawn at once and handed out one by one, for a call to the generator costs as much
    as a hundred numbers.

    Args:
        seed: Names the data set; at least 0.
        index: Names the face; at least 0.
    """

    _BLOCK = 320

    def __init__(self, seed: int, index: int) -> None:
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, index])))
        self._uniforms: Iterator[float] = iter(generator.random(self._BLOCK).tolist())
        self._normals: Iterator[float] = iter(generator.standard_normal(self._BLOCK).tolist())

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * next(self._uniforms)

    def normal(self, mean: float, deviation: float) -> float:
        """A normal number, cut off at 2.2 deviations so that no face falls apart."""
        return mean + deviation * min(2.2, max(-2.2, next(self._normals)))

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return next(self._uniforms) < probability

    def integer(self, count: int) -> int:
        """One of 0 … count − 1."""
        return int(next(self._uniforms) * count)
