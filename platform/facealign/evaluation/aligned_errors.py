"""Errors in the frame of the upright face, where those of many faces can be laid over each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.statistics.procrustes import align, as_complex, as_points, procrustes_mean
from facealign.geometry import LandmarkSchema, Normalizer
from facealign.metrics.nme import errors_and_reference
from facealign.training.predictions import Predictions


@dataclass(frozen=True)
class AlignedErrors:
    """Errors of F faces, each turned with its face.

    Attributes:
        mean_face: (N, 2) Procrustes mean of the true landmarks, y downwards; its reference distance is 1.
        errors: (F, N, 2) predicted − true in the frame of ``mean_face``, in units of each face's own reference
            distance, so that their lengths are what an NME is the mean of; 0 where not ``valid``.
        valid: (F, N) bool.
    """

    mean_face: NDArray[np.float64]
    errors: NDArray[np.float64]
    valid: NDArray[np.bool_]


def aligned_errors(
    found: Predictions, schema: LandmarkSchema, normalizer: Normalizer = "inter_ocular"
) -> AlignedErrors:
    """Turn each face as its true landmarks, laid on the mean face by a similarity, come to lie best.

    Raises:
        UserError: A landmark has no truth on any face; and as ``metrics.nme`` does.
    """
    _, distance_F = errors_and_reference(found.predicted, found.truth, found.valid, schema, normalizer, found.ids)
    never = np.flatnonzero(~found.valid.any(axis=0)).tolist()
    if never:
        raise UserError(f"landmarks {never} have no truth on any of {len(found.valid)} faces; measure on others")
    known_FN1 = found.valid[..., None]
    shapes_FN2 = np.where(known_FN1, found.truth, 0.0) / distance_F[:, None, None]
    middle_F12 = shapes_FN2.sum(axis=1, keepdims=True) / known_FN1.sum(axis=1, keepdims=True)
    shapes_FN2 = np.where(known_FN1, shapes_FN2 - middle_F12, 0.0)
    start_N2 = shapes_FN2.sum(axis=0) / known_FN1.sum(axis=0)
    mean_N = procrustes_mean(lambda: [(shapes_FN2, found.valid)], start_N2)
    turn_F = align(as_complex(shapes_FN2), found.valid, mean_N).turn
    turn_F = turn_F / np.abs(turn_F)
    offsets_FN2 = np.where(known_FN1, found.predicted - found.truth, 0.0) / distance_F[:, None, None]
    mean_N2 = as_points(mean_N)
    return AlignedErrors(
        mean_face=mean_N2 / schema.reference_distance(mean_N2, normalizer),
        errors=as_points(as_complex(offsets_FN2) * turn_F[:, None]),
        valid=found.valid,
    )
