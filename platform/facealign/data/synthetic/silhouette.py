"""The outline of the head as seen: the two-dimensional contour that 300-W and WFLW annotate.

Each contour landmark lives on a parallel of the head, a line of constant height from the jaw line to the midline.
Where the jaw line itself is seen, the landmark is on it; where the head turns it away, the landmark walks along
its parallel to the farthest point outwards, which is the visible silhouette ("landmark marching", Zhu et al.,
"High-Fidelity Pose and Expression Normalization for Face Recognition in the Wild", CVPR 2015).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.projection import Projection
from facealign.data.synthetic.surface import HeadSurface

Array = NDArray[np.float64]

CONTOUR_TOP = -0.04
"""Height at which the contour begins and ends, just below the upper end of the ears."""
HALF = 17
"""Contour landmarks of one side, the chin included."""
_FOREHEAD = np.linspace(-1.36, -0.2, 7)
_SINES = np.sin(np.linspace(np.radians(82), 0, 24))
"""Parallels from the jaw line to the midline."""
_DENSE = np.sin(np.linspace(0, np.pi / 2, 48))


@dataclass(frozen=True)
class Outline:
    """Pixels of the image.

    Attributes:
        contour: (33, 2), from the right ear over the chin to the left ear.
        forehead: (14, 2), from the left ear over the crown to the right one.
    """

    contour: Array
    forehead: Array

    @property
    def head(self) -> Array:
        """The closed outline of the head, (47, 2)."""
        return np.concatenate([self.contour, self.forehead])


def outline(surface: HeadSurface, projection: Projection) -> Outline:
    """The outline of the head in this view."""
    heights = np.concatenate([_FOREHEAD, _contour_heights(surface)])
    half = surface.half_width(heights)[:, None]
    z = surface.skull(_SINES, heights[:, None])
    y = np.broadcast_to(heights[:, None], z.shape)
    right = _outermost(projection, np.stack([-half * _SINES, y, z], axis=-1), -1)
    left = _outermost(projection, np.stack([half * _SINES, y, z], axis=-1), 1)
    cut = len(_FOREHEAD)
    contour = np.concatenate([right[cut:], left[cut:-1][::-1]])
    return Outline(contour, np.concatenate([left[:cut][::-1], right[:cut]]))


def _contour_heights(surface: HeadSurface) -> Array:
    """Heights of the landmarks of one side, evenly spaced along the frontal jaw line, ear first, chin last."""
    y = CONTOUR_TOP + (surface.chin - CONTOUR_TOP) * _DENSE
    steps = np.hypot(np.diff(y), np.diff(surface.half_width(y)))
    length = np.concatenate([[0], np.cumsum(steps)])
    return np.interp(np.linspace(0, length[-1], HALF), length, y)


def _outermost(projection: Projection, parallels: Array, side: int) -> Array:
    """Find in each parallel (rows, points, 3) the pixel farthest to ``side`` of the face's axis, (rows, 2).

    A parabola through the best sample and its neighbors finds the place between the samples.
    """
    reach = parallels @ (side * _sideways(projection))
    best = np.clip(reach.argmax(axis=1), 1, reach.shape[1] - 2)
    rows = np.arange(len(best))
    before, at, after = (reach[rows, best + k] for k in (-1, 0, 1))
    curvature = before - 2 * at + after
    concave = curvature < -1e-12
    vertex = 0.5 * (before - after) / np.where(concave, curvature, -1)
    shift = np.clip(np.where(concave, vertex, np.sign(after - before)), -1, 1)[:, None]
    a, b, c = (parallels[rows, best + k] for k in (-1, 0, 1))
    return projection.project(b + 0.5 * shift * (c - a) + 0.5 * shift * shift * (a - 2 * b + c))


def _sideways(projection: Projection) -> Array:
    """(3,) direction, in the face's frame, that is seen at right angles to the face's vertical axis."""
    down_x, down_y = projection.rotation[:2, 1]
    return np.asarray(down_y * projection.rotation[0] - down_x * projection.rotation[1])
