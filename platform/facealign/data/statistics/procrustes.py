"""Shapes freed of translation, scale and in-plane rotation, where landmarks may be unknown.

A shape is N complex numbers x + iy, so that a similarity is z ↦ a·z + b and its best fit is one division. Unlike
``scipy.spatial.procrustes`` it knows masks and never mirrors; on whole shapes that need no mirror the two agree.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facealign.data.statistics.blocks import Chunks, blocks
from facealign.data.statistics.moments import MeanSums

Complex = NDArray[np.complex128]

STEP = 2.0**-18
"""Step that aligned coordinates are rounded to; the reference has an RMS distance of 1 from its middle."""

_ROUNDS = 20
_STILL = 1e-5
"""Mean motion of the reference at which it counts as found."""


class Fit(NamedTuple):
    """R shapes laid on a reference.

    Attributes:
        aligned: (R, N), where known, the similar shape nearest to the reference's known landmarks; else 0.
        is_fit: (R,) False where fewer than two different landmarks are known, so that there is no fit.
        turn: (R,) the factor of each similarity z ↦ a·z + b: a turn by its argument, a scaling by its modulus.
    """

    aligned: Complex
    is_fit: NDArray[np.bool_]
    turn: Complex


def as_complex(points_RN2: NDArray[np.floating]) -> Complex:
    """(…, N, 2) → (…, N)."""
    points = points_RN2.astype(np.float64)
    return np.asarray(points[..., 0] + 1j * points[..., 1])


def as_points(shape_RN: Complex) -> NDArray[np.float64]:
    """(…, N) → (…, N, 2)."""
    return np.stack([shape_RN.real, shape_RN.imag], axis=-1)


def align(shapes_RN: Complex, valid_RN: NDArray[np.bool_], reference_RN: Complex) -> Fit:
    """The similarity of each shape that is nearest to its reference, in least squares over the known landmarks.

    References are (R, N), or one (N,) for all.
    """
    own_RN, _ = centered(shapes_RN, valid_RN)
    target_RN, middle_R1 = centered(np.broadcast_to(reference_RN, shapes_RN.shape), valid_RN)
    power_R1 = (np.abs(own_RN) ** 2).sum(axis=1, keepdims=True)
    is_fit_R1 = power_R1 > 0
    turn_R1 = (own_RN.conj() * target_RN).sum(axis=1, keepdims=True) / np.where(is_fit_R1, power_R1, 1.0)
    aligned_RN = np.where(valid_RN, turn_R1 * own_RN + middle_R1, 0.0)
    return Fit(aligned_RN, is_fit_R1[:, 0], turn_R1[:, 0])


def centered(shapes_RN: Complex, valid_RN: NDArray[np.bool_]) -> tuple[Complex, Complex]:
    """Shapes about the middle of their known landmarks, 0 where unknown, and that middle, (R, 1)."""
    known_R1 = np.maximum(valid_RN.sum(axis=1, keepdims=True), 1)
    middle_R1 = np.where(valid_RN, shapes_RN, 0.0).sum(axis=1, keepdims=True) / known_R1
    return np.where(valid_RN, shapes_RN - middle_R1, 0.0), middle_R1


def procrustes_mean(chunks: Chunks, start_N2: NDArray[np.float64]) -> Complex:
    """The mean of all shapes, each laid on that mean: generalized Procrustes analysis (Gower, 1975).

    Args:
        chunks: The shapes; read once a round.
        start_N2: Where the search begins; the mean keeps its orientation.

    Returns:
        (N,) centered, RMS distance 1 from its middle.
    """
    reference_N = _normalized(as_complex(start_N2))
    for _ in range(_ROUNDS):
        sums = MeanSums(len(reference_N), STEP)
        for points, valid in blocks(chunks(), len(reference_N)):
            fit = align(as_complex(points), valid, reference_N)
            sums.add(as_points(fit.aligned), valid & fit.is_fit[:, None])
        mean_N2 = np.where(sums.counts_N[:, None] > 0, sums.mean(), as_points(reference_N))
        before_N, reference_N = reference_N, _normalized(as_complex(mean_N2))
        if np.abs(reference_N - before_N).mean() < _STILL:
            break
    return reference_N


def _normalized(shape_N: Complex) -> Complex:
    shape_N = shape_N - shape_N.mean()
    size = np.sqrt((np.abs(shape_N) ** 2).mean())
    return np.asarray(shape_N / size if size > 0 else shape_N)
