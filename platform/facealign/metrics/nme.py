"""Normalized mean error: the mean point-to-point distance of a face, over a reference distance of the same face.

    NME = (1/|V|) Σ_{i∈V} ‖p_i − t_i‖₂ / d        V: the face's valid landmarks, d: ``schema.reference_distance``

The sum is divided by the number of valid landmarks; some published code divides by one less and reports more.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, Normalizer

_NAMED_AT_MOST = 5


def nme(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    normalizer: Normalizer,
    ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """The NME of each face, always finite.

    Args:
        predicted: (F, N, 2) landmarks; any frame that is a similarity of the photo, best the photo's own pixels.
        truth: (F, N, 2) true landmarks in the same frame; where not ``valid``, whatever they are is not looked at.
        valid: (F, N) bool; landmarks to measure.
        ids: The F sample ids, for messages; None names faces by their row.

    Returns:
        (F,) float64, fractions of the reference distance.

    Raises:
        UserError: Faces have no valid landmark, lack a landmark that the normalizer is measured from, have a
            reference distance of zero, or were given coordinates that are not finite.
    """
    error_FN, distance_F = errors_and_reference(predicted, truth, valid, schema, normalizer, ids)
    per_face: NDArray[np.float64] = error_FN.sum(axis=1) / valid.sum(axis=1) / distance_F
    return per_face


def errors_and_reference(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    normalizer: Normalizer,
    ids: Sequence[str] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The parts of an NME: (F, N) distances, 0 where not ``valid``, and (F,) reference distances, above 0.

    Arguments and errors are those of ``nme``.
    """
    faces = _Faces(ids)
    _check_shapes(predicted, truth, valid, schema)
    faces.refuse(~np.any(valid, axis=1), "have no valid landmark, so no error can be measured; leave them out")
    for name, points in (("predicted", predicted), ("true", truth)):
        broken = np.any(valid & ~np.isfinite(points).all(axis=-1), axis=1)
        faces.refuse(
            broken, f"have {name} landmarks that are not finite; look for a diverged training or bad labels"
        )
    distance_F = _reference_distance(truth, valid, schema, normalizer, faces.refuse)
    return np.linalg.norm(np.where(valid[..., None], predicted - truth, 0.0), axis=-1), distance_F


def _reference_distance(
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    normalizer: Normalizer,
    refuse: Callable[[NDArray[np.bool_], str], None],
) -> NDArray[np.float64]:
    """(F,) reference distances, of valid landmarks only."""
    # A landmark without truth takes the place of a valid one of its face, and so leaves the box as it is.
    first_valid_F12 = np.take_along_axis(truth, valid.argmax(axis=1)[:, None, None], axis=1)
    known = np.where(valid[..., None], truth, first_valid_F12)
    distance_F = schema.reference_distance(known, normalizer)
    if normalizer not in ("box", "diagonal"):
        pair = getattr(schema.normalizers, normalizer)
        needed = [index for group in pair for index in group]
        refuse(
            ~np.all(valid[:, needed], axis=1),
            f"lack a landmark among {needed}, from which {normalizer} is measured; use the normalizer `box`",
        )
    refuse(
        distance_F <= 0, f"have a {normalizer} distance of 0, by which nothing can be divided; correct the labels"
    )
    return distance_F


def _check_shapes(
    predicted: NDArray[np.float64], truth: NDArray[np.float64], valid: NDArray[np.bool_], schema: LandmarkSchema
) -> None:
    expected = (len(truth), schema.size)
    if not (predicted.shape == truth.shape == (*expected, 2) and valid.shape == expected):
        raise UserError(
            f"predicted {predicted.shape}, truth {truth.shape} and valid {valid.shape} do not fit schema "
            f"{schema.name}: (F, {schema.size}, 2) twice and (F, {schema.size}) are needed"
        )


class _Faces:
    """The faces' names, for messages."""

    def __init__(self, ids: Sequence[str] | None) -> None:
        self._ids = ids

    def refuse(self, at_fault: NDArray[np.bool_], reason: str) -> None:
        """Raise if any face is at fault, naming the first of them."""
        rows = np.flatnonzero(at_fault)
        if not len(rows):
            return
        named = [f"face {row}" if self._ids is None else self._ids[row] for row in rows[:_NAMED_AT_MOST]]
        more = "" if len(rows) <= _NAMED_AT_MOST else f" and {len(rows) - _NAMED_AT_MOST} more"
        raise UserError(f"{len(rows)} of {len(at_fault)} faces {reason}: {', '.join(named)}{more}")
