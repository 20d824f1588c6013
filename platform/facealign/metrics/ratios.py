"""Metrics that are a quotient of two sums over faces, with how sure they are.

Every published metric is one: NME, FR and AUC divide by the number of faces, a landmark's mean error by the number
of faces that show it, PCK by the number of joints, and ADNet's bias rate (Eq. 14) by the sum of the normal errors.
So one bootstrap serves them all, and all of them see the same drawn photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.metrics.bootstrap import REPEATS, resampled_means

Addends = NDArray[np.float64] | NDArray[np.bool_]


@dataclass(frozen=True)
class Quotient:
    """Contributions of each face to a metric: ``metric = Σ above / Σ below``.

    Attributes:
        above: (F,), finite.
        below: (F,), finite; 1 for each face makes the metric a mean.
    """

    above: Addends
    below: Addends

    @classmethod
    def mean(cls, values_F: NDArray[np.float64]) -> "Quotient":
        """The mean of one value per face."""
        return cls(values_F, np.ones(len(values_F)))


class MetricEstimate(NamedTuple):
    """A metric with its confidence interval."""

    value: float
    low: float
    high: float


def estimate(
    quotients: Mapping[str, Quotient],
    photos: Sequence[str],
    level: float = 0.95,
    repeats: int = REPEATS,
    seed: int = 0,
) -> dict[str, MetricEstimate]:
    """Compute each metric with the percentile interval of a bootstrap over photos.

    A resample whose denominator is 0, because none of its photos shows the landmark, is left out of that metric's
    interval.

    Args:
        quotients: By name, of the same F faces; those that have nothing below the line must be left out.
        photos: The F photos that the faces are of.
        level: The fraction of the resampled metrics between the two ends.
        repeats: How often photos are drawn.
        seed: Of the draws.

    Raises:
        UserError: The denominator of a metric is 0; and as ``resampled_means`` does.
    """
    if not quotients:
        return {}
    above_FK, below_FK = (
        np.stack([getattr(quotient, part) for quotient in quotients.values()], axis=1).astype(np.float64)
        for part in ("above", "below")
    )
    empty = [name for name, below in zip(quotients, below_FK.sum(axis=0), strict=True) if below == 0]
    if empty:
        raise UserError(f"{', '.join(empty)}: no face has anything to measure; leave the metric out")
    resampled = resampled_means(np.concatenate([above_FK, below_FK], axis=1), photos, repeats, seed)
    above_RK, below_RK = np.split(resampled, 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        resampled_RK = np.where(below_RK > 0, above_RK / below_RK, np.nan)
    tail = (1 - level) / 2
    low_K, high_K = np.nanquantile(resampled_RK, (tail, 1 - tail), axis=0)
    value_K = above_FK.sum(axis=0) / below_FK.sum(axis=0)
    numbers = zip(value_K.tolist(), low_K.tolist(), high_K.tolist(), strict=True)
    return {name: MetricEstimate(*three) for name, three in zip(quotients, numbers, strict=True)}
