"""One face's landmarks as a file of predictions has them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError


@dataclass(frozen=True)
class Given:
    """A prediction.

    Attributes:
        place: What messages call it: ``found.csv:17``.
        name: The face's id, or its photo.
        points: (N, 2) float64, pixels of the photo, 0-based.
    """

    place: str
    name: str
    points: NDArray[np.float64]


def points_from(values: Sequence[Any], size: int, place: str) -> NDArray[np.float64]:
    """x0, y0, x1, y1, … as (N, 2).

    Raises:
        UserError: They are not ``size`` pairs of finite numbers.
    """
    if len(values) != 2 * size:
        raise UserError(f"{place}: has {len(values) / 2:g} landmarks, the faces have {size}: another schema?")
    numbers = [_number(value, place) for value in values]
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)


def _number(value: Any, place: str) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise UserError(
            f"{place}: a coordinate is {str(value)[:40]!r}; every landmark must be predicted, as finite numbers"
        )
    return number
