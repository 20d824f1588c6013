"""The one-euro filter: landmarks of a video that neither tremble nor lag.

Casiez, Roussel and Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems" (CHI 2012), Algorithm 1: a first-order low-pass whose cut-off rises with the speed, so that what stands
still is smoothed and what moves is followed. Speeds are taken in sides of the face's box per second, so that the
settings mean the same for near and far faces; the paper's are in the units of its input.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from facealign.config import Settings


class OneEuroSettings(Settings):
    """Settings of the one-euro filter that smooths landmarks."""

    min_cutoff: float = Field(default=1.0, gt=0, description="Hz, at rest: lower trembles less and lags more")
    beta: float = Field(default=10.0, ge=0, description="Hz for each box's side per second: higher lags less")
    speed_cutoff: float = Field(default=1.0, gt=0, description="Hz, of the speed's own low-pass")


class OneEuro:
    """Smooths one face's landmarks, frame after frame.

    Args:
        settings: How much.
        rate: Frames per second.
    """

    def __init__(self, settings: OneEuroSettings, rate: float) -> None:
        self._settings, self._rate = settings, rate
        self._points: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None

    def __call__(self, points_N2: NDArray[np.float64], side: float) -> NDArray[np.float64]:
        """The frame's landmarks, smoothed.

        Args:
            points_N2: As they were found, pixels.
            side: Of the face's box, pixels.
        """
        if self._points is None or self._speed is None:
            self._points, self._speed = points_N2, np.zeros_like(points_N2)
            return points_N2
        # Against the smoothed point before, as in the authors' own code; the paper's listing leaves it open.
        speed = (points_N2 - self._points) * self._rate / side
        self._speed = self._mixed(speed, self._speed, self._settings.speed_cutoff)
        cutoff_N1 = self._settings.min_cutoff + self._settings.beta * np.linalg.norm(
            self._speed, axis=1, keepdims=True
        )
        self._points = self._mixed(points_N2, self._points, cutoff_N1)
        return self._points

    def _mixed(
        self, new: NDArray[np.float64], old: NDArray[np.float64], cutoff: float | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """α·new + (1 − α)·old with α = 1 / (1 + τ·rate), τ = 1 / (2π·cutoff)."""
        share = 1 / (1 + self._rate / (2 * math.pi * np.asarray(cutoff)))
        return np.asarray(share * new + (1 - share) * old)
