"""Rules that every face must keep before it is cropped, whichever data set it comes from."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.record import BadSample, FaceRecord
from facealign.geometry import LandmarkSchema

SMALLEST_PHOTO = 8
"""Pixels: an image with a shorter side is a thumbnail or a web page's spacer, and no face."""


def check_record(place: str, record: FaceRecord, schema: LandmarkSchema) -> None:
    """Refuse what no annotator can have meant.

    A landmark may lie outside its photo, as the chin of a face that the border cuts does, but not by more than the
    photo's own width or height: then it is a wrong scale, a wrong column, or another photo's.

    Args:
        place: What messages call the face.
        record: As a source gave it.
        schema: Whose landmarks they should be.

    Raises:
        BadSample: Says which rule is broken, by what.
    """
    height, width = record.image.shape[:2]
    if min(height, width) < SMALLEST_PHOTO:
        raise BadSample(place, f"the photo has {width} × {height} px; {SMALLEST_PHOTO} are needed: fetch it again")
    if record.points.shape != (schema.size, 2):
        raise BadSample(place, f"has landmarks of shape {record.points.shape}, {schema.name} has {schema.size}")
    if record.visible.shape != (schema.size,):
        raise BadSample(place, f"has visibility of shape {record.visible.shape}, {schema.name} has {schema.size}")
    infinite = np.flatnonzero(np.isinf(record.points).any(axis=1))
    if infinite.size:
        raise BadSample(place, f"landmark {infinite[0]} is infinite; fix the annotation, or mark it as unknown")
    known = np.flatnonzero(np.isfinite(record.points).all(axis=1))
    if not known.size:
        raise BadSample(place, "no landmark has coordinates, so there is no face to crop")
    _check_known(place, known, record.points[known], width, height)


def _check_known(
    place: str, known: NDArray[np.intp], points_K2: NDArray[np.float64], width: int, height: int
) -> None:
    x, y = points_K2[0]
    if len(known) > 1 and (points_K2 == points_K2[0]).all():
        raise BadSample(place, f"all {len(known)} known landmarks are at ({x:.1f}, {y:.1f}); fix the annotation")
    size = np.array([width, height])
    # The photo spans −0.5 … size − 0.5.
    far = (points_K2 < -0.5 - size) | (points_K2 > 2 * size - 0.5)
    if far.any():
        worst = int(np.flatnonzero(far.any(axis=1))[0])
        x, y = points_K2[worst]
        raise BadSample(
            place,
            f"landmark {known[worst]} at ({x:.1f}, {y:.1f}) is more than a photo's side outside the photo of "
            f"{width} × {height} px; fix the annotation, or mark it as unknown",
        )
