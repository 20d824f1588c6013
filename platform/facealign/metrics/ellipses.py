"""The ellipse of a landmark's errors, which ADNet makes each landmark's λ of (Table 14, e and h; Figs. 1 and 7).

Its axes are the standard deviations of the errors along the directions in which they scatter most and least:
λ = a/b is the ratio of the scatter of errors along the long axis to that across it. ADNet finds the long axis
along the facial edge; ``angles_to_edges`` measures the angle between the two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.metrics.directions import edge_normals

SMALLEST_RADIUS = 1e-6
"""Radii are at least this: a landmark that is always hit has a round ellipse, and λ = 1."""

_SHORT = 1e-6


@dataclass(frozen=True)
class Ellipses:
    """Error ellipses of N landmarks, in the unit of the errors.

    Attributes:
        centers: (N, 2) mean errors: what the model has wrong on every face alike.
        radii: (N, 2) standard deviations along the long axis, a, and the short one, b.
        angles: (N,) of the long axis, radians in (−π/2, π/2] from x towards y.
    """

    centers: NDArray[np.float64]
    radii: NDArray[np.float64]
    angles: NDArray[np.float64]

    @property
    def anisotropy(self) -> NDArray[np.float64]:
        """(N,) λ = a/b."""
        return np.asarray(self.radii[:, 0] / self.radii[:, 1])


def error_ellipses(errors_FN2: NDArray[np.float64], valid_FN: NDArray[np.bool_]) -> Ellipses:
    """Fit the ellipses: mean and sample covariance of each landmark's errors.

    Args:
        errors_FN2: (F, N, 2) predicted − true landmarks of F faces, in a frame where faces stand upright and in a
            unit of the face; finite where valid.
        valid_FN: (F, N) bool; errors that count, at least two of each landmark.

    Raises:
        UserError: A landmark has fewer than two valid errors.
    """
    counts_N = valid_FN.sum(axis=0)
    if counts_N.min() < 2:
        raise UserError(
            f"landmarks {np.flatnonzero(counts_N < 2).tolist()} are known on fewer than two of {len(valid_FN)} "
            "faces, and an ellipse needs more; measure on more faces"
        )
    errors = np.where(valid_FN[..., None], errors_FN2, 0.0)
    means_N2 = errors.sum(axis=0) / counts_N[:, None]
    centered = np.where(valid_FN[..., None], errors - means_N2, 0.0)
    covariance_N22 = np.einsum("fni,fnj->nij", centered, centered) / (counts_N - 1)[:, None, None]
    ascending_N2, axes_N22 = np.linalg.eigh(covariance_N22)
    radii_N2 = np.sqrt(ascending_N2[:, ::-1].clip(min=SMALLEST_RADIUS**2))
    x_N, y_N = axes_N22[:, 0, 1], axes_N22[:, 1, 1]
    angles_N = np.pi / 2 - (np.pi / 2 - np.arctan2(y_N, x_N)) % np.pi
    return Ellipses(means_N2, radii_N2, angles_N)


def angles_to_edges(
    ellipses: Ellipses, face_N2: NDArray[np.float64], schema: LandmarkSchema
) -> NDArray[np.float64]:
    """The angle between each long axis and the edge's tangent, degrees: 0 along the edge, 90 across it.

    Args:
        face_N2: (N, 2) landmarks of the face whose edges give the tangents, in the frame of the errors.
        schema: Its ``edges``.

    Returns:
        (N,), NaN for a landmark on no edge.
    """
    everywhere = np.ones((1, schema.size), dtype=np.bool_)
    normals_1N2, known_1N = edge_normals(face_N2[None], everywhere, schema, np.array([_SHORT]))
    x_N, y_N = normals_1N2[0].T
    across_N = np.abs(np.cos(ellipses.angles) * x_N + np.sin(ellipses.angles) * y_N)
    return np.where(known_1N[0], np.degrees(np.arcsin(across_N.clip(max=1))), np.nan)
