"""The direction in which the shapes of faces vary most, found without pose labels: how far the head is turned.

As pose-based data balancing has it (Feng et al., Wing loss, CVPR 2018, section 6; used by SCC and Anisotropic):
shapes are freed of translation, scale and in-plane rotation (Procrustes), and the first principal component is
taken of what is left. The papers leave two things open. Its sign: here a greater score has the landmarks of the
midline, the nose above all, further to the right of the image. And faces with unknown landmarks: here these are
put where the axis itself expects them, and the axis is found again, a few times over (expectation and maximization
in turn; Roweis, EM algorithms for PCA, 1998), so that a profile of which only one half is annotated counts as a
profile.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.statistics.blocks import Chunk, Chunks, blocks
from facealign.data.statistics.moments import PairSums
from facealign.data.statistics.procrustes import (
    STEP,
    align,
    as_complex,
    as_points,
    procrustes_mean,
)
from facealign.geometry import LandmarkSchema

_DECIMALS = 6
"""Decimals of the component and the scores: the last digits of a library move no face to another bin."""

_REFINEMENTS = 4
"""Times that unknown landmarks are estimated and the axis is computed again; later ones change little."""


@dataclass(frozen=True, eq=False)
class PoseAxis:
    """The first principal component of shapes freed of translation, scale and in-plane rotation.

    Attributes:
        mean: (N, 2) Procrustes mean; its middle is 0, its landmarks are at RMS distance 1 from it.
        component: (N, 2) of unit length: how landmarks move as the score grows; 0 if all shapes are alike.
        noise: Variance of the shapes in an average other direction ÷ variance along the component.
    """

    mean: NDArray[np.float64]
    component: NDArray[np.float64]
    noise: float

    def scores(self, points_RN2: NDArray[np.floating], valid_RN: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(R,) how far each shape, in any frame, lies along the component, in the unit of ``mean``."""
        mean_N, component_N = as_complex(self.mean), as_complex(self.component)
        whole_RN = as_complex(self.complete(points_RN2, valid_RN))
        aligned_RN = align(whole_RN, np.ones_like(valid_RN), mean_N).aligned
        return np.asarray(np.round(((aligned_RN - mean_N) * component_N.conj()).real.sum(axis=1), _DECIMALS))

    def complete(self, points_RN2: NDArray[np.floating], valid_RN: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(R, N, 2) each shape in the frame of ``mean``, unknown landmarks where the known ones let expect them.

        Score and similarity are estimated together, in least squares over the known landmarks, with the variance
        of all shapes as the score's prior: the less is known of a face, the nearer it is taken to the mean.
        """
        shapes_RN = as_complex(points_RN2)
        mean_RN, component_RN = (
            np.broadcast_to(as_complex(part), shapes_RN.shape) for part in (self.mean, self.component)
        )
        mean_fit, component_fit = (align(shapes_RN, valid_RN, part_RN) for part_RN in (mean_RN, component_RN))
        # What no similarity of this shape can imitate, of the mean and of the component.
        mean_rest_RN, component_rest_RN = (
            np.where(valid_RN, part_RN - fit.aligned, 0.0)
            for part_RN, fit in ((mean_RN, mean_fit), (component_RN, component_fit))
        )
        against_R = (component_rest_RN.conj() * mean_rest_RN).real.sum(axis=1)
        weight_R = (np.abs(component_rest_RN) ** 2).sum(axis=1) + self.noise
        can_tell_R = mean_fit.is_fit & (weight_R > 0)
        score_R1 = np.where(can_tell_R, -against_R / np.where(can_tell_R, weight_R, 1.0), 0.0)[:, None]
        fitted_RN = mean_fit.aligned + score_R1 * component_fit.aligned
        return as_points(np.where(valid_RN, fitted_RN, mean_RN + score_R1 * component_RN))


def find_axis(chunks: Chunks, mean_shape_N2: NDArray[np.float64], schema: LandmarkSchema) -> PoseAxis:
    """The pose axis of the faces that ``chunks`` gives.

    Args:
        chunks: Landmarks of all faces; each pair of landmarks is looked at in the faces that know both.
        mean_shape_N2: Where the search for the Procrustes mean begins.
        schema: Tells which landmarks are on the midline.
    """
    axis = _principal(chunks, mean_shape_N2, schema)
    if all(valid.all() for _, valid in chunks()):
        return axis
    for _ in range(_REFINEMENTS):
        axis = _principal(_Completed(chunks, axis, schema.size), axis.mean, schema)
    return axis


class _Completed:
    """Faces whose unknown landmarks are filled in where ``axis`` expects them."""

    def __init__(self, chunks: Chunks, axis: PoseAxis, landmarks: int) -> None:
        self._chunks, self._axis, self._landmarks = chunks, axis, landmarks

    def __call__(self) -> Iterator[Chunk]:
        for points, valid in blocks(self._chunks(), self._landmarks):
            yield self._axis.complete(points, valid), np.ones_like(valid)


def _principal(chunks: Chunks, start_N2: NDArray[np.float64], schema: LandmarkSchema) -> PoseAxis:
    mean_N = procrustes_mean(chunks, start_N2)
    sums = PairSums(as_points(mean_N), STEP)
    for points, valid in blocks(chunks(), schema.size):
        fit = align(as_complex(points), valid, mean_N)
        sums.add(as_points(fit.aligned), valid & fit.is_fit[:, None])
    values, vectors = np.linalg.eigh(sums.covariance())
    varies = values[-1] > 0
    component_N2 = np.round(vectors[:, -1].reshape(-1, 2), _DECIMALS) * varies
    # A whole shape has 2N − 4 ways to vary once translation, scale and rotation are removed.
    others = max(2 * schema.size - 5, 1)
    noise = max(values[:-1].sum(), 0.0) / others / values[-1] if varies else 0.0
    turned_N2 = component_N2 * _sign(component_N2, schema)
    return PoseAxis(as_points(mean_N), turned_N2, float(np.round(noise, _DECIMALS)))


def _sign(component_N2: NDArray[np.float64], schema: LandmarkSchema) -> float:
    """1 or −1: turns the component so that the midline's landmarks move to the right of the image.

    Where the midline does not decide it (a schema without one, or of one half of a face), the first large entry is
    made positive.
    """
    is_midline_N = np.array(schema.flip) == np.arange(schema.size)
    motion = component_N2[is_midline_N, 0].sum()
    if abs(motion) < 1e-3:
        entries = component_N2.ravel()
        motion = entries[np.argmax(np.abs(entries) > np.abs(entries).max() / 2)]
    return -1.0 if motion < 0 else 1.0
