"""The geometric half of augmentation: where in the stored crop a training view looks."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.augment_settings import AugmentSettings
from facealign.data.images import Image8
from facealign.geometry import CropSettings, LandmarkSchema, affine, view_of_stored


@dataclass(frozen=True)
class View:
    """A look at a stored crop.

    Attributes:
        matrix: (2, 3) float64, stored-crop pixels → crop pixels; the mirroring, if any, included.
        is_flipped: Whether it mirrors, so that landmarks change their identities.
    """

    matrix: affine.Affine
    is_flipped: bool = False


def plain_view(crop: CropSettings) -> View:
    """The middle of the stored crop as it is."""
    return View(view_of_stored(crop))


def draw_view(crop: CropSettings, settings: AugmentSettings, rng: np.random.Generator) -> View:
    """A turned, scaled, shifted and perhaps mirrored look, all in one matrix.

    The face turns and scales about the middle of the crop, then shifts, then mirrors.
    """
    # Always the same draws in the same order: changing one setting does not change what the others do.
    angle, scale, dx, dy = rng.uniform(-1, 1, size=4) * (
        settings.rotation,
        settings.scale,
        settings.shift * crop.size,
        settings.shift * crop.size,
    )
    is_flipped = bool(rng.uniform() < settings.flip)
    middle = (crop.size - 1) / 2
    matrix = affine.compose(
        affine.flip_horizontal(crop.size) if is_flipped else affine.identity(),
        affine.translation(dx, dy),
        affine.rotate_scale_about((middle, middle), angle, 1 + scale),
        view_of_stored(crop),
    )
    return View(matrix, is_flipped)


def cut_image(stored: Image8, view: View, size: int) -> Image8:
    """What the view shows: (size, size, 3) uint8, black outside the stored crop.

    A view that only shifts by whole pixels is copied, so an evaluation picture is never resampled.
    """
    offset = view.matrix[:, 2]
    if np.array_equal(view.matrix[:, :2], np.eye(2)) and np.array_equal(offset, np.round(offset)):
        x, y = (-offset).astype(int)
        if 0 <= x <= stored.shape[1] - size and 0 <= y <= stored.shape[0] - size:
            return stored[y : y + size, x : x + size]
    return np.asarray(cv2.warpAffine(stored, view.matrix, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def move_points(
    points_N2: NDArray[np.float32], valid_N: NDArray[np.bool_], view: View, schema: LandmarkSchema
) -> NDArray[np.float32]:
    """Landmarks in crop pixels, identities exchanged where the view mirrors; 0 where not valid."""
    moved = np.where(valid_N[:, None], affine.apply(view.matrix, points_N2), 0.0).astype(np.float32)
    return exchange(moved, view, schema)


def exchange(values: NDArray[Any], view: View, schema: LandmarkSchema) -> NDArray[Any]:
    """(N, …) values of landmarks, mirror pairs exchanged where the view mirrors."""
    return values[list(schema.flip)] if view.is_flipped else values
