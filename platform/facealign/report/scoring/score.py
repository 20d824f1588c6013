"""Predictions of another program → measured faces, by the protocol of our own evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.report.scoring.given import Given
from facealign.report.scoring.match import listed, match
from facealign.training.measured_faces import MeasuredFaces

_TIMES = 10.0
"""How many times larger or smaller than its face a prediction may be and still be in the same pixels."""


@dataclass(frozen=True)
class Scored:
    """What predictions came to.

    Attributes:
        faces: Those that have a prediction, with it.
        missing: Ids of the faces that have none.
        unused: How many predictions are of no face here.
        elsewhere: Ids of the faces that were found more than their own size away, or of quite another size.
        offset: (x, y) px, the mean of predicted − true; (1, 1) is how a wrong origin looks.
    """

    faces: MeasuredFaces
    missing: tuple[str, ...]
    unused: int
    elsewhere: tuple[str, ...]
    offset: tuple[float, float]


def score(truth: MeasuredFaces, given: Sequence[Given], allow_missing: bool = False) -> Scored:
    """Lay predictions on the faces that they are of.

    Args:
        truth: The faces; what was found on them is not looked at.
        given: At least one.
        allow_missing: Measure the faces that have a prediction, and leave out the others.

    Raises:
        UserError: A face has no prediction, and that is not allowed, or none has; a prediction is ambiguous or of
            a face that has one; or most are nowhere near their faces, and so not in pixels of the photos.
    """
    found, unused = match(given, truth.labels)
    missing = [labels.id for row, labels in enumerate(truth.labels) if row not in found]
    if missing and not (allow_missing and found):
        raise UserError(_of_missing(missing, len(truth.labels), [one.name for one in unused]))
    rows = sorted(found)
    faces = truth.of(np.array(rows)).with_predicted(np.stack([found[row].points for row in rows]))
    away_F = _are_elsewhere(faces)
    if 2 * away_F.sum() > len(rows):
        raise UserError(_of_elsewhere(faces, away_F, [found[row].place for row in rows]))
    x, y = (faces.found.predicted - faces.found.truth)[faces.found.valid].mean(axis=0).tolist()
    elsewhere = tuple(faces.labels[row].id for row in np.flatnonzero(away_F))
    return Scored(faces, tuple(missing), len(unused), elsewhere, (x, y))


def _of_missing(missing: Sequence[str], faces: int, unused: Sequence[str]) -> str:
    strangers = f"{len(unused)} predictions are of no face here: {listed(unused)}; " if unused else ""
    return (
        f"{len(missing)} of {faces} faces have no prediction: {listed(missing)}; {strangers}name predictions as "
        "the faces are named, or measure the others alone with --allow-missing"
    )


def _of_elsewhere(faces: MeasuredFaces, away_F: NDArray[np.bool_], places: Sequence[str]) -> str:
    row = int(np.argmax(away_F))
    at, there = (
        tuple(points[row].mean(axis=0).round(1).tolist()) for points in (faces.found.predicted, _known(faces))
    )
    return (
        f"{away_F.sum()} of {len(away_F)} predictions are nowhere near their faces, {places[row]} for one: about "
        f"{at}, and its face about {there}; coordinates must be pixels of the whole photo, not of a crop, nor "
        "shares of its size"
    )


def _known(faces: MeasuredFaces) -> NDArray[np.float64]:
    """(F, N, 2) truth, with a known landmark in the place of each unknown one."""
    valid_FN, truth_FN2 = faces.found.valid, faces.found.truth
    first_F12 = np.take_along_axis(truth_FN2, valid_FN.argmax(axis=1)[:, None, None], axis=1)
    return np.where(valid_FN[..., None], truth_FN2, first_F12)


def _are_elsewhere(faces: MeasuredFaces) -> NDArray[np.bool_]:
    """(F,) whether what was found is nowhere near the face's box, or of quite another size."""
    low_F12, high_F12 = (limit(_known(faces), axis=1, keepdims=True) for limit in (np.min, np.max))
    side_F11 = (high_F12 - low_F12).max(axis=2, keepdims=True).clip(min=1.0)  # of one known landmark it is 0
    found_FN2 = faces.found.predicted
    within_FN = ((found_FN2 >= low_F12 - side_F11) & (found_FN2 <= high_F12 + side_F11)).all(axis=2)
    size_F = (found_FN2.max(axis=1) - found_FN2.min(axis=1)).max(axis=1) / side_F11[:, 0, 0]
    return np.asarray(~within_FN.any(axis=1) | (size_F < 1 / _TIMES) | (size_F > _TIMES))
