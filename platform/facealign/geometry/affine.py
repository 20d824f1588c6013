"""Every change of frame: crop, resize, flip, rotation, shift, as one 2×3 affine matrix, and its inverse.

A frame is 0-based pixels with the origin at the *center* of the top-left pixel, so an image of width W spans
[−0.5, W − 0.5]. A matrix maps ``x' = A[:, :2] @ x + A[:, 2]``. ``compose(f, g)`` applies ``g`` first.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Affine = NDArray[np.float64]
"""(2, 3) matrix."""


def identity() -> Affine:
    """The matrix that moves nothing."""
    return np.eye(2, 3)


def compose(*matrices: Affine) -> Affine:
    """The map that applies the last matrix first: ``compose(f, g)(x) = f(g(x))``."""
    result = np.eye(3)
    for matrix in matrices:
        result = result @ np.vstack([matrix, [0.0, 0.0, 1.0]])
    return result[:2]


def invert(matrix: Affine) -> Affine:
    """The inverse map.

    Raises:
        numpy.linalg.LinAlgError: The map is singular.
    """
    return np.linalg.inv(np.vstack([matrix, [0.0, 0.0, 1.0]]))[:2]


def apply(matrix: Affine, points: ArrayLike) -> NDArray[np.float64]:
    """Points (…, 2), mapped."""
    return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def scale_of(matrix: Affine) -> float:
    """The factor by which a similarity scales lengths: √|det|."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))


def translation(dx: float, dy: float) -> Affine:
    """Moves by (dx, dy) pixels."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])


def resize(factor: float) -> Affine:
    """Pixel (x, y) of an image → pixel of the same image resized: ``x' = (x + 0.5)·factor − 0.5``."""
    offset = 0.5 * factor - 0.5
    return np.array([[factor, 0.0, offset], [0.0, factor, offset]])


def flip_horizontal(width: int) -> Affine:
    """Mirrors an image of ``width`` px: ``x' = width − 1 − x``. The schema's ``flip`` exchanges the landmarks."""
    return np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0]])


def rotate_scale_about(center: ArrayLike, degrees: float = 0.0, factor: float = 1.0) -> Affine:
    """Turns by ``degrees`` (positive: clockwise as seen, since y points down) and scales, keeping ``center``."""
    x, y = np.asarray(center, dtype=np.float64)
    cos = factor * math.cos(math.radians(degrees))
    sin = factor * math.sin(math.radians(degrees))
    return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])


def crop_to_square(center: ArrayLike, side: float, size: int) -> Affine:
    """Maps the upright square of ``side`` pixels about ``center`` onto an image of ``size`` × ``size`` pixels.

    The square's outer border falls on the crop's outer border, −0.5 and size − 0.5.
    """
    x, y = np.asarray(center, dtype=np.float64)
    factor = size / side
    middle = (size - 1) / 2
    return np.array([[factor, 0.0, middle - factor * x], [0.0, factor, middle - factor * y]])
