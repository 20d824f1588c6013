"""A mean whose parts are measured in different processes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError

_QUANTUM = 2.0**-32


@dataclass(frozen=True)
class Total:
    """A sum of errors and their number: parts add up in any order and grouping to the same bits.

    Errors are rounded to multiples of 2⁻³² (2·10⁻⁸ of a percent). Sums of such multiples are exact in float64 up
    to 2²¹, far above what any fold adds up to, so a mean doesn't depend on how many processes shared the faces.
    """

    sum: float = 0.0
    count: int = 0

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Total":
        """The total of one process's errors, (F,); none is 0."""
        return cls(float(np.rint(values / _QUANTUM).sum() * _QUANTUM), len(values))

    def __add__(self, other: "Total") -> "Total":
        return Total(self.sum + other.sum, self.count + other.count)

    @property
    def mean(self) -> float:
        """The mean over all that was counted.

        Raises:
            UserError: Nothing was.
        """
        if not self.count:
            raise UserError("no face was measured, so there is no mean error; is the fold empty?")
        return self.sum / self.count
