"""A face that was found on a photo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.geometry import affine


@dataclass(frozen=True)
class Face:
    """A detected face with its landmarks.

    Attributes:
        box: (4,) float64, (x0, y0, x1, y1) that its crop followed, pixels of the photo.
        landmarks: (N, 2) float64, pixels of the photo, 0-based, origin at the center of the top-left pixel.
    """

    box: NDArray[np.float64]
    landmarks: NDArray[np.float64]

    def mapped(self, matrix: affine.Affine) -> "Face":
        """Map the face to another frame: a turn by right angles, a mirroring, a shift or a change of scale."""
        return Face(map_box(matrix, self.box), affine.apply(matrix, self.landmarks))


def map_box(matrix: affine.Affine, box: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4,) box in another frame that keeps it upright."""
    corners = affine.apply(matrix, box.reshape(2, 2))
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
