"""Drawing with sub-pixel coordinates in the frame of facealign: 0-based, origin at the center of a pixel.

OpenCV draws polygons in fixed point; with 4 fractional bits a vertex is exact to 1/32 px.
"""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Canvas = NDArray[np.uint8]
Color = tuple[float, float, float]
"""Red, green, blue, 0 … 255."""

_BITS = 4


def fixed(points: Array) -> NDArray[np.int32]:
    """Pixels → OpenCV's fixed point."""
    return np.rint(points * (1 << _BITS)).astype(np.int32)


def fill(canvas: Canvas, polygon: Array, color: Color) -> None:
    """Fill a polygon (n, 2) with soft edges."""
    cv2.fillPoly(canvas, [fixed(polygon)], color, cv2.LINE_AA, _BITS)


def line(canvas: Canvas, points: Array, color: Color, width: float, closed: bool = False) -> None:
    """Draw a line through points (n, 2), ``width`` pixels wide, at least one."""
    thickness = max(1, round(width))
    cv2.polylines(canvas, [fixed(points)], closed, color, thickness, cv2.LINE_AA, _BITS)


def facets(canvas: Canvas, quads: Array, colors: Sequence[Sequence[int]]) -> None:
    """Fill convex quadrilaterals (n, 4, 2) one over the other, hard-edged."""
    for corners, color in zip(fixed(quads), colors, strict=True):
        cv2.fillConvexPoly(canvas, corners, color, cv2.LINE_8, _BITS)


def blend(canvas: Canvas, other: Canvas, mask: Canvas) -> None:
    """Put ``other`` over ``canvas`` in place, as opaque as ``mask`` (H, W; 255 is opaque)."""
    weight = cv2.merge([mask, mask, mask])
    over = cv2.multiply(other, weight, scale=1 / 255)
    under = cv2.multiply(canvas, cv2.bitwise_not(weight), scale=1 / 255)
    cv2.add(over, under, dst=canvas)


def smooth(points: Array, parts: int = 4) -> Array:
    """A Catmull-Rom spline through points (n, 2): ((n − 1)·parts + 1, 2)."""
    return np.asarray(_catmull_rom(len(points), parts) @ points)


def mix(one: Color, other: Color, share: float) -> Color:
    """``one`` with ``share``, 0 … 1, of ``other`` in it."""
    rest = 1 - share
    return (
        rest * one[0] + share * other[0],
        rest * one[1] + share * other[1],
        rest * one[2] + share * other[2],
    )


@cache
def _catmull_rom(count: int, parts: int) -> Array:
    """The spline as a matrix, since it is linear in its points; the ends' missing neighbors are extrapolated."""
    padded = np.zeros((count + 2, count))
    padded[1:-1] = np.eye(count)
    padded[0, :2], padded[-1, -2:] = (2, -1), (-1, 2)
    t = np.arange(parts)[:, None] / parts
    basis = 0.5 * np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    )
    rows = [basis @ padded[i : i + 4] for i in range(count - 1)]
    return np.vstack([*rows, padded[-2:-1]])
