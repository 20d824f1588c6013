"""Errors across and along the facial edges: ADNet's normal NME, tangent NME and bias rate (Eqs. 12 and 14).

The error vector of a landmark is split at the true edge: ``n = |N·e|`` across it, ``t = |T·e|`` along it, so that
n² + t² = |e|². Each of the three is averaged over landmarks and faces like an NME, and so

    √(normal² + tangent²) ≤ overall ≤ normal + tangent,     bias rate = (tangent − normal) / normal.

N is what the losses measure by: the bisector of the directions to both neighbors on the edge, and at the end of
an open edge the perpendicular to its only neighbor. Where the paper is silent (ours): a landmark that has no
such direction, because it is on no edge or a neighbor is unknown or coincides with it, counts in the overall
NME alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, Normalizer, edge_neighbors
from facealign.metrics.nme import errors_and_reference

_SHORT = 1e-6
"""Vectors shorter than this fraction of the reference distance have no direction."""


@dataclass(frozen=True)
class DirectedNME:
    """Means over faces, fractions of the normalizer.

    Attributes:
        overall: Of all landmarks that were asked for.
        normal: Across the edges, of those that have a direction.
        tangent: Along them, of the same.
    """

    overall: float
    normal: float
    tangent: float

    @property
    def bias_rate(self) -> float:
        """Ratio of the errors along the edges to those across, minus 1 (Eq. 14): 0.33 is 33 %."""
        return (self.tangent - self.normal) / self.normal


@dataclass(frozen=True)
class DirectedErrors:
    """The errors of F faces, landmark by landmark, fractions of the normalizer; 0 where undefined.

    Attributes:
        overall: (F, N) lengths of the error vectors, of valid landmarks.
        across: (F, N) of their parts across the edges, where ``known``.
        along: (F, N) of their parts along them, likewise.
        known: (F, N) bool; where there is a direction.
    """

    overall: NDArray[np.float64]
    across: NDArray[np.float64]
    along: NDArray[np.float64]
    known: NDArray[np.bool_]


def directed_errors(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    normalizer: Normalizer,
    ids: Sequence[str] | None = None,
) -> DirectedErrors:
    """Measure errors whole, across and along the edges, each landmark by itself.

    Args:
        predicted: (F, N, 2) landmarks; any frame that is a similarity of the photo.
        truth: (F, N, 2) true landmarks in the same frame; where not ``valid``, they are not looked at.
        valid: (F, N) bool; landmarks to measure.
        schema: Its ``edges`` give the directions.
        normalizer: What errors are divided by.
        ids: The F sample ids, for messages; None names faces by their row.

    Raises:
        UserError: As ``nme`` does.
    """
    error_FN, distance_F = errors_and_reference(predicted, truth, valid, schema, normalizer, ids)
    normals_FN2, known_FN = edge_normals(truth, valid, schema, _SHORT * distance_F)
    offsets_FN2 = np.where(known_FN[..., None], predicted - truth, 0.0)
    across_FN = np.abs((offsets_FN2 * normals_FN2).sum(axis=-1))
    along_FN = np.abs(offsets_FN2[..., 0] * normals_FN2[..., 1] - offsets_FN2[..., 1] * normals_FN2[..., 0])
    distance_F1 = distance_F[:, None]
    return DirectedErrors(error_FN / distance_F1, across_FN / distance_F1, along_FN / distance_F1, known_FN)


def directed_nme(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    normalizer: Normalizer,
    landmarks: Sequence[int] | None = None,
    ids: Sequence[str] | None = None,
) -> DirectedNME:
    """Measure errors whole, across and along the edges, averaged.

    Arguments and errors are those of ``directed_errors``, and these:

    Args:
        landmarks: Those to average over, one edge's for example; None: all. The normalizer is measured from all
            landmarks, whichever are asked for.

    Raises:
        UserError: None of the landmarks asked for has a truth, or none of them a direction.
    """
    errors = directed_errors(predicted, truth, valid, schema, normalizer, ids)
    chosen_N = np.zeros(schema.size, dtype=np.bool_)
    chosen_N[slice(None) if landmarks is None else list(landmarks)] = True
    return DirectedNME(
        overall=_mean(errors.overall, valid & chosen_N),
        normal=_mean(errors.across, errors.known & chosen_N),
        tangent=_mean(errors.along, errors.known & chosen_N),
    )


def edge_normals(
    truth: NDArray[np.float64], valid: NDArray[np.bool_], schema: LandmarkSchema, short_F: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Unit vectors across the edges.

    Args:
        truth: (F, N, 2) true landmarks.
        valid: (F, N) bool.
        schema: Its ``edges``.
        short_F: (F,) lengths up to which a vector has no direction, in the unit of the landmarks.

    Returns:
        (F, N, 2) unit vectors, 0 where there is none; and (F, N) bool, where there is one.
    """
    before, after = (np.array(found) for found in edge_neighbors(schema))
    own = np.arange(schema.size)
    has_before_N1, has_after_N1 = (before != own)[:, None], (after != own)[:, None]
    known_FN = valid & valid[:, before] & valid[:, after] & ((before != own) | (after != own))
    points_FN2 = np.where(valid[..., None], truth, 0.0)
    back_FN2, ahead_FN2 = points_FN2[:, before] - points_FN2, points_FN2[:, after] - points_FN2
    # Beyond its end, an edge goes on as it came.
    back_FN2, ahead_FN2 = (
        np.where(has_before_N1, back_FN2, -ahead_FN2),
        np.where(has_after_N1, ahead_FN2, -back_FN2),
    )
    (back_FN2, back_FN), (ahead_FN2, ahead_FN) = (_unit(v, short_F[:, None]) for v in (back_FN2, ahead_FN2))
    tangents_FN2, long_FN = _unit(ahead_FN2 - back_FN2, np.full_like(short_F[:, None], _SHORT))
    known_FN &= back_FN & ahead_FN & long_FN
    normals_FN2 = np.stack([-tangents_FN2[..., 1], tangents_FN2[..., 0]], axis=-1)
    return np.where(known_FN[..., None], normals_FN2, 0.0), known_FN


def _unit(
    vectors_FN2: NDArray[np.float64], short_F1: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Unit vectors, and whether each was longer than ``short_F1``."""
    lengths_FN = np.linalg.norm(vectors_FN2, axis=-1)
    is_long_FN = lengths_FN > short_F1
    return vectors_FN2 / np.where(is_long_FN, lengths_FN, 1.0)[..., None], is_long_FN


def face_means(
    errors_FN: NDArray[np.float64], counts_FN: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(F,) means over the landmarks that count, 0 where none does; and (F,) whether any does."""
    number_F = counts_FN.sum(axis=1)
    sums_F = np.where(counts_FN, errors_FN, 0.0).sum(axis=1)
    return sums_F / np.maximum(number_F, 1), number_F > 0


def _mean(errors_FN: NDArray[np.float64], counts_FN: NDArray[np.bool_]) -> float:
    """The mean over faces of the mean over the landmarks that count; faces with none of them are left out."""
    mean_F, has_some_F = face_means(errors_FN, counts_FN)
    if not has_some_F.any():
        raise UserError(
            f"none of {len(mean_F)} faces has a landmark to measure here: none has a truth, or none has a "
            "direction because the schema lists no edge through it"
        )
    return float(np.mean(mean_F[has_some_F]))
