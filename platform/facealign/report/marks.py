"""Dots, rings and lines drawn on a picture, smooth and exact to a small fraction of a pixel.

A shape covers a pixel by the pixel's distance from the shape's outline: all of it half a pixel inside, none half a
pixel outside. So dots of two pixels are round, and line widths are any fraction of a pixel; OpenCV's are neither.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.report.style import RGB

Point = NDArray[np.float64]
"""(2,) x, y in pixels of the picture: 0-based, origin at the centre of the top-left pixel."""


@dataclass(frozen=True)
class MarkSize:
    """Measures in pixels of the picture that is drawn on."""

    radius: float
    rim: float
    line: float

    @classmethod
    def for_picture(cls, pixels: int) -> "MarkSize":
        """Marks in proportion to a picture of so many pixels, and legible on the smallest."""
        return cls(
            radius=min(max(pixels / 170, 1.4), 5.0),
            rim=min(max(pixels / 400, 0.7), 1.5),
            line=min(max(pixels / 320, 0.8), 2.5),
        )


class Layer:
    """How much of each pixel a set of shapes covers. Where shapes overlap, the pixel is covered once."""

    def __init__(self, height: int, width: int) -> None:
        self._coverage = np.zeros((height, width), dtype=np.float32)

    def dot(self, centre: Point, radius: float) -> None:
        """A disc."""
        self.line(centre, centre, 2 * radius)

    def line(self, start: Point, end: Point, width: float) -> None:
        """A straight line with round ends."""
        self._cover(start, end, width / 2, hole=0.0)

    def ring(self, centre: Point, radius: float, width: float) -> None:
        """A circle; ``radius`` is that of its middle."""
        self._cover(centre, centre, radius + width / 2, hole=radius - width / 2)

    def blend(self, picture: NDArray[np.uint8], colour: RGB, opacity: float = 1.0) -> NDArray[np.uint8]:
        """A copy of the (H, W, 3) picture under the layer's shapes in ``colour``."""
        weight = (self._coverage * opacity)[..., None]
        mixed = picture + (np.array(colour, dtype=np.float32) - picture) * weight
        return np.asarray(np.rint(mixed), dtype=np.uint8)

    def _cover(self, start: Point, end: Point, radius: float, hole: float) -> None:
        """What lies within ``radius`` of the line from start to end, less what lies within ``hole``."""
        height, width = self._coverage.shape
        limit = [width, height]
        low = np.clip(np.floor(np.minimum(start, end) - radius), 0, limit).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + radius) + 1, 0, limit).astype(int)
        x, y = np.arange(low[0], high[0]), np.arange(low[1], high[1])[:, None]
        run = end - start
        length2 = float(run @ run)
        along = np.clip(((x - start[0]) * run[0] + (y - start[1]) * run[1]) / length2, 0, 1) if length2 else 0.0
        distance = np.hypot(x - start[0] - along * run[0], y - start[1] - along * run[1])
        covered = np.clip(radius + 0.5 - distance, 0, 1)
        if hole > 0:
            covered = covered - np.clip(hole + 0.5 - distance, 0, 1)
        window = self._coverage[low[1] : high[1], low[0] : high[0]]
        np.maximum(window, covered, out=window, casting="same_kind")
