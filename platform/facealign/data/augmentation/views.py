"""The geometric half of augmentation: where in the stored crop a training view looks."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.augmentation.settings import AugmentSettings
from facealign.data.images import Image8
from facealign.geometry import CropSettings, LandmarkSchema, affine, view_of_stored

_SMALLEST_SCALE = 0.1  # a normal draw has no bound, and a scale of 0 no inverse


@dataclass(frozen=True)
class CropView:
    """A view of a stored crop: the map to the network's input.

    Attributes:
        matrix: (2, 3) float64, stored-crop pixels → crop pixels; the mirroring, if any, included.
        is_flipped: Whether it mirrors, so that landmarks change their identities.
    """

    matrix: affine.Affine
    is_flipped: bool = False


def plain_view(crop: CropSettings) -> CropView:
    """The middle of the stored crop as it is."""
    return CropView(view_of_stored(crop))


def view_at(
    crop: CropSettings,
    degrees: float = 0.0,
    factor: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    is_flipped: bool = False,
) -> CropView:
    """The face turned and scaled about the middle of the crop, then shifted, then mirrored, all in one matrix.

    Args:
        degrees: Positive: clockwise as seen.
        factor: Above 1, the face is larger.
        shift: Of the face, crop pixels.
    """
    middle = (crop.stored_size - 1) / 2
    matrix = affine.rotate_scale_about((middle, middle), degrees, factor)
    room = (crop.stored_size - crop.size) / 2
    matrix[0, 2] += shift[0] - room
    matrix[1, 2] += shift[1] - room
    if is_flipped:
        matrix[0] *= -1
        matrix[0, 2] += crop.size - 1
    return CropView(matrix, is_flipped)


def draw_view(crop: CropSettings, settings: AugmentSettings, rng: np.random.Generator) -> CropView:
    """Draw a random view: rotated, scaled, shifted and perhaps mirrored, as the settings have it."""
    # Always the same draws in the same order: changing one setting does not change what the others do.
    *uniforms, chance = rng.random(5).tolist()
    angle, scale, dx, dy = _spread(settings, uniforms)
    reach = settings.shift * crop.size
    return view_at(
        crop,
        degrees=settings.rotation * angle,
        factor=max(_SMALLEST_SCALE, 1 + settings.scale * scale),
        shift=(reach * dx, reach * dy),
        is_flipped=chance < settings.flip,
    )


def cut_image(stored: Image8, view: CropView, size: int) -> Image8:
    """Warp the stored crop to the view: (size, size, 3) uint8, black outside the stored crop.

    A view that only shifts by whole pixels is a slice, so an evaluation image is never resampled.
    """
    (a, b, dx), (c, d, dy) = view.matrix.tolist()
    if (a, b, c, d) == (1.0, 0.0, 0.0, 1.0) and dx.is_integer() and dy.is_integer():
        x, y = -int(dx), -int(dy)
        if 0 <= x <= stored.shape[1] - size and 0 <= y <= stored.shape[0] - size:
            return stored[y : y + size, x : x + size]
    # Four channels are warped in two thirds of the time of three, and to the same values.
    four = cv2.cvtColor(stored, cv2.COLOR_RGB2RGBA)
    shown = cv2.warpAffine(four, view.matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


def move_points(
    points_N2: NDArray[np.float32], valid_N: NDArray[np.bool_], view: CropView, schema: LandmarkSchema
) -> NDArray[np.float32]:
    """Landmarks in crop pixels, identities exchanged where the view mirrors; 0 where not valid."""
    moved_N2 = affine.apply(view.matrix, points_N2)
    moved_N2[~valid_N] = 0
    return exchange(moved_N2.astype(np.float32), view, schema)


def exchange(values_N: NDArray[Any], view: CropView, schema: LandmarkSchema) -> NDArray[Any]:
    """(N, …) values of landmarks, mirror pairs exchanged where the view mirrors."""
    return values_N[_flip_of(schema.flip)] if view.is_flipped else values_N


def view_to_photo(stored_to_photo: affine.Affine, view: CropView) -> affine.Affine:
    """(2, 3), crop pixels → pixels of the photo, from what leads there from the stored crop."""
    # Written out: the general inverse and product take five times as long, for every view of a training.
    (a, b, dx), (c, d, dy) = view.matrix.tolist()
    (p, q, u), (r, s, v) = stored_to_photo.tolist()
    det = a * d - b * c
    p, q, r, s = (p * d - q * c) / det, (q * a - p * b) / det, (r * d - s * c) / det, (s * a - r * b) / det
    return np.array([[p, q, u - p * dx - q * dy], [r, s, v - r * dx - s * dy]])


@cache
def _flip_of(flip: tuple[int, ...]) -> NDArray[np.intp]:
    return np.array(flip)


def _spread(settings: AugmentSettings, uniforms: list[float]) -> list[float]:
    """Four draws of the settings' distribution, at width 1, from four of [0, 1)."""
    if settings.distribution == "uniform":
        return [2 * u - 1 for u in uniforms]
    normals = []
    for first, second in (uniforms[:2], uniforms[2:]):  # Box and Muller, 1958: as many draws as the uniform ones
        radius, angle = math.sqrt(-2 * math.log(1 - first)), 2 * math.pi * second
        normals += [radius * math.cos(angle), radius * math.sin(angle)]
    return normals
