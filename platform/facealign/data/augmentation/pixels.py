"""The photometric half of augmentation: occlusion, blur, color, gamma, noise, gray, and what else is asked for.

What recipes are made of is a line or two of OpenCV on the pixels in place: as transforms of Albumentations, with
which the tests compare them, they take three times as long. All other transforms of that library can follow.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.augmentation.settings import AugmentSettings
from facealign.data.images import Image8

_DRAWS = 8
"""Random numbers that each change has, used or not: so none depends on what another one does."""


class Box(NamedTuple):
    """Pixels x0 … x1 − 1 in rows y0 … y1 − 1."""

    x0: int
    y0: int
    x1: int
    y1: int

    def holds(self, points_N2: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N,) whether each point is on one of these pixels."""
        low, high = np.array([self.x0, self.y0]) - 0.5, np.array([self.x1, self.y1]) - 0.5
        return np.asarray(((points_N2 >= low) & (points_N2 < high)).all(axis=1))


def change_pixels(image: Image8, settings: AugmentSettings, rng: np.random.Generator) -> Box | None:
    """Change a view in place, by the next numbers of ``rng`` alone, and move nothing.

    Args:
        image: (S, S, 3) uint8 RGB, contiguous.

    Returns:
        What has been covered, or None.
    """
    draws = rng.random((1 + len(_CHANGES), _DRAWS)).tolist()
    covered = None
    chance, *amounts = draws[0]
    if chance < settings.occlusion:
        covered = _occlude(image, settings, amounts)
    for (name, change), (chance, *amounts) in zip(_CHANGES.items(), draws[1:], strict=True):
        if chance < getattr(settings, name):
            change(image, settings, amounts)
    for transform in settings.extra_transforms:
        chance, amount = rng.random(2).tolist()
        if chance < transform.probability:
            from facealign.data.augmentation.extra_transforms import (
                apply_transform,  # its library takes a second to import
            )

            image[:] = apply_transform(image, transform, int(amount * 2**32))
    return covered


def _occlude(image: Image8, settings: AugmentSettings, u: list[float]) -> Box:
    """A box of one color about any pixel; the border cuts it off. ADNet [C]."""
    size = image.shape[0]
    height = _between(settings.occlusion_height, u[0])
    width = height + settings.occlusion_stretch * (2 * u[1] - 1)
    x0, x1 = _cut(u[2], width, size)
    y0, y1 = _cut(u[3], height, size)
    box = Box(x0, y0, x1, y1)
    fill = (0, 0, 0) if settings.occlusion_fill == "black" else [int(256 * value) for value in u[4:7]]
    image[box.y0 : box.y1, box.x0 : box.x1] = fill
    return box


def _blur(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    extent = _between(settings.blur_size, u[0]) * image.shape[0]
    if settings.blur_kernel == "gaussian":
        if extent > 0:
            image[:] = cv2.GaussianBlur(image, (0, 0), extent)
    elif (side := int(extent)) > 1:
        side |= 1  # an even box would move the image by half a pixel, and the landmarks not
        image[:] = cv2.blur(image, (side, side))


def _recolor(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    """values · (1 ± contrast) · (1 ± gain of the channel) ± brightness, as one matrix on (R, G, B, 1)."""
    brightness, contrast, *gains = (2 * value - 1 for value in u[:5])
    matrix_34 = np.zeros((3, 4))
    matrix_34[:, :3] = np.diag(1 + settings.channel_gain * np.array(gains)) * (1 + settings.contrast * contrast)
    matrix_34[:, 3] = 255 * settings.brightness * brightness
    image[:] = cv2.transform(image, matrix_34)


def _gamma(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    low, high = settings.gamma_range
    gamma = _between((low, 1.0), u[1]) if u[0] < 0.5 else _between((1.0, high), u[1])
    table = np.rint(255 * (_LEVELS / 255) ** gamma).astype(np.uint8)
    cv2.LUT(image, table[None], dst=image)


def _noise(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    # One field for the three channels costs a third of three.
    field = np.empty(image.shape[:2], dtype=np.int16)
    cv2.setRNGSeed(int(u[1] * 2**31))
    cv2.randn(field, 0, _between(settings.noise_level, u[0]) * 255)
    cv2.add(image, cv2.merge([field, field, field]), dst=image, dtype=cv2.CV_8U)


def _byte_noise(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    noise = np.empty_like(image)
    cv2.setRNGSeed(int(u[1] * 2**31))
    cv2.randu(noise, 0, 256)
    weight = _between(settings.byte_noise_weight, u[0])
    cv2.addWeighted(image, 1 - weight, noise, weight, 0, dst=image)


def _to_gray(image: Image8, settings: AugmentSettings, u: list[float]) -> None:
    cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB, dst=image)


_CHANGES: dict[str, Callable[[Image8, AugmentSettings, list[float]], None]] = {
    "blur": _blur,
    "color": _recolor,
    "gamma": _gamma,
    "noise": _noise,
    "byte_noise": _byte_noise,
    "gray": _to_gray,
}
"""The changes after the occlusion, by the setting that is their probability, in ADNet's order [C]."""
_LEVELS = np.arange(256, dtype=np.float64)


def _cut(center: float, extent: float, size: int) -> tuple[int, int]:
    """Ends of a span about a center, both ÷ size, as far as it lies in 0 … size."""
    half = max(0.0, extent) / 2
    return max(0, round((center - half) * size)), min(size, round((center + half) * size))


def _between(ends: tuple[float, float], u: float) -> float:
    return ends[0] + u * (ends[1] - ends[0])
