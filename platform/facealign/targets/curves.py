"""Curves through landmarks, as constant matrices: a point of a curve is a fixed weighted sum of landmarks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facealign.geometry import Edge

Matrix = NDArray[np.float64]


class CurveMatrices(NamedTuple):
    """S segments along the curves; ``starts @ points`` and ``ends @ points`` are their end points.

    Attributes:
        starts: (S, N).
        ends: (S, N).
        curve: (S,) which of the curves a segment belongs to, 0-based.
        members: (C, N) bool; the landmarks of each of the C curves.
    """

    starts: Matrix
    ends: Matrix
    curve: NDArray[np.int64]
    members: NDArray[np.bool_]


def curve_matrices(curves: tuple[Edge, ...], landmarks: int, pieces: int) -> CurveMatrices:
    """Catmull-Rom splines through each curve's landmarks, as chains of short segments.

    Catmull & Rom, "A class of local interpolating splines", 1974: a cubic between two neighbors, whose tangent at
    each is half the difference of the landmarks on either side; an open end mirrors its neighbor. A landmark
    moves only the four spans around it.

    Args:
        curves: Landmark indices in order; closed ones join up. At least one.
        landmarks: N.
        pieces: Segments between neighboring landmarks.
    """
    chains = [_samples(curve, landmarks, pieces) for curve in curves]
    return CurveMatrices(
        starts=np.concatenate([chain[:-1] for chain in chains]),
        ends=np.concatenate([chain[1:] for chain in chains]),
        curve=np.repeat(np.arange(len(curves)), [len(chain) - 1 for chain in chains]),
        members=np.stack([np.isin(np.arange(landmarks), curve.indices) for curve in curves]),
    )


def _samples(curve: Edge, landmarks: int, pieces: int) -> Matrix:
    """(K, N): each row makes one sample of the curve, in order, both ends included."""
    knots = np.eye(landmarks)[list(curve.polyline)]
    if curve.closed:
        before, after = knots[-2], knots[1]
    else:
        before, after = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
    padded = np.stack([before, *knots, after])
    t = np.arange(pieces)[:, None] / pieces
    spans = [_catmull_rom(t, *padded[i : i + 4]) for i in range(len(knots) - 1)]
    return np.concatenate([*spans, knots[-1:]])


def _catmull_rom(t: Matrix, p0: Matrix, p1: Matrix, p2: Matrix, p3: Matrix) -> Matrix:
    """The span from p1 (t = 0) to p2 (t = 1)."""
    cubic = 3 * (p1 - p2) + p3 - p0
    quadratic = 2 * p0 - 5 * p1 + 4 * p2 - p3
    return p1 + 0.5 * t * (p2 - p0 + t * (quadratic + t * cubic))
