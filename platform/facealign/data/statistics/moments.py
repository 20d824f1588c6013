"""Means and products of coordinates, each over the faces that know them, summed without rounding.

Coordinates are rounded to a step, so that their sums and products are whole numbers. Those of one block stay below
2⁵³, where float64 is exact, and blocks are added as int64. So the sums are the same numbers in whatever order a
machine's libraries add, and equal faces give equal statistics everywhere.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

PIXEL_STEP = 2.0**-10
"""Pixels that coordinates of crops are rounded to in sums: far below an annotator's precision."""


def to_steps(values: NDArray[np.floating[Any]], step: float) -> NDArray[np.float64]:
    """Values as whole numbers of ``step``, still in float64."""
    return np.asarray(np.rint(values / step))


class MeanSums:
    """Sums of N points over the rows that know them.

    Args:
        landmarks: N.
        step: What coordinates are rounded to.
    """

    def __init__(self, landmarks: int, step: float) -> None:
        self.step = step
        self.counts_N: Whole = np.zeros(landmarks, dtype=np.int64)
        self._sums_N2: Whole = np.zeros((landmarks, 2), dtype=np.int64)

    def add(self, points_RN2: NDArray[np.floating[Any]], valid_RN: NDArray[np.bool_]) -> None:
        """Count R more rows."""
        steps_RN2 = np.where(valid_RN[..., None], to_steps(points_RN2, self.step), 0.0)
        self._sums_N2 += steps_RN2.astype(np.int64).sum(axis=0)
        self.counts_N += valid_RN.sum(axis=0)

    def mean(self) -> NDArray[np.float64]:
        """(N, 2); NaN where no row knows the landmark."""
        counts_N1 = np.where(self.counts_N > 0, self.counts_N, np.nan)[:, None]
        return np.asarray(self._sums_N2 * self.step / counts_N1)


class PairSums:
    """Sums for covariance and correlation, each pair of landmarks over the rows that know both.

    Args:
        center_N2: Subtracted first, so that numbers are small.
        step: What coordinates are rounded to; a block's coordinates are below 2²¹ steps from the center.
    """

    def __init__(self, center_N2: NDArray[np.float64], step: float) -> None:
        n = len(center_N2)
        self.step = step
        self._center_N2 = center_N2
        self._counts_NN: Whole = np.zeros((n, n), dtype=np.int64)
        self._products_CC: Whole = np.zeros((2 * n, 2 * n), dtype=np.int64)
        # Of a coordinate, and of its square, over the rows that also know another landmark.
        self._sums_CN: Whole = np.zeros((2 * n, n), dtype=np.int64)
        self._squares_CN: Whole = np.zeros((2 * n, n), dtype=np.int64)

    def add(self, points_RN2: NDArray[np.floating[Any]], valid_RN: NDArray[np.bool_]) -> None:
        """Count R more rows, one block at most."""
        steps_RN2 = np.where(valid_RN[..., None], to_steps(points_RN2 - self._center_N2, self.step), 0.0)
        steps_RC, known_RN = steps_RN2.reshape(len(steps_RN2), -1), valid_RN.astype(np.float64)
        self._counts_NN += (known_RN.T @ known_RN).astype(np.int64)
        self._products_CC += (steps_RC.T @ steps_RC).astype(np.int64)
        self._sums_CN += (steps_RC.T @ known_RN).astype(np.int64)
        self._squares_CN += ((steps_RC**2).T @ known_RN).astype(np.int64)

    def covariance(self) -> NDArray[np.float64]:
        """(2N, 2N) sample covariance of (x₀, y₀, x₁, y₁, …); 0 for pairs that fewer than two rows know both of."""
        counts_CC = np.repeat(np.repeat(self._counts_NN, 2, axis=0), 2, axis=1).astype(np.float64)
        sums_CC = np.repeat(self._sums_CN, 2, axis=1).astype(np.float64)
        spread_CC = self._products_CC - sums_CC * sums_CC.T / np.maximum(counts_CC, 1)
        return np.asarray(np.where(counts_CC > 1, spread_CC / np.maximum(counts_CC - 1, 1), 0.0) * self.step**2)

    def correlation(self) -> NDArray[np.float64]:
        """(N, N) mean of |Pearson| in x and in y: C = (|Cx| + |Cy|) / 2 (SCC, Eq. 4)."""
        return (self._pearson(0) + self._pearson(1)) / 2

    def _pearson(self, axis: int) -> NDArray[np.float64]:
        """(N, N) absolute coefficients of one coordinate; 0 where one of the two never varies, 1 with itself."""
        counts_NN = np.maximum(self._counts_NN, 1).astype(np.float64)
        sums_NN = self._sums_CN[axis::2].astype(np.float64)
        products_NN = self._products_CC[axis::2, axis::2] - sums_NN * sums_NN.T / counts_NN
        spread_NN = self._squares_CN[axis::2] - sums_NN**2 / counts_NN
        scale_NN = np.sqrt(spread_NN) * np.sqrt(spread_NN.T)
        varies_NN = scale_NN > 0
        pearson_NN = np.abs(products_NN) / np.where(varies_NN, scale_NN, 1.0)
        pearson_NN = np.where(varies_NN, np.minimum(pearson_NN, 1.0), 0.0)
        np.fill_diagonal(pearson_NN, 1.0)
        return np.asarray(pearson_NN)
