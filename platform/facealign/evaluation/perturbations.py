"""Perturbations of test faces, each at several strengths.

A geometric one is another look at the stored crop, and so its way back to the photo is known exactly; a
photometric one changes pixels and moves nothing. Draws do not depend on the strength: a covering box grows where
it is, noise keeps its pattern, a face turns on to the same side.

The stored crop has room about the face (``crop.context``); a look that leaves it sees black there, as at the
border of a photo.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from facealign.data.augmentation.pixels import change_pixels
from facealign.data.augmentation.settings import AugmentSettings
from facealign.data.augmentation.views import CropView, plain_view, view_at
from facealign.data.images import Image8, decode, encode
from facealign.geometry import CropSettings

_DISPLAY_GAMMA = 2.2
"""Pixel values are about the light to the power of 1/2.2."""


def _plain(crop: CropSettings, strength: float, rng: np.random.Generator) -> CropView:
    return plain_view(crop)


def _unchanged(image: Image8, strength: float, rng: np.random.Generator) -> None:
    """Leaves every pixel."""


@dataclass(frozen=True)
class Perturbation:
    """A kind of perturbation.

    Attributes:
        title: As a heading.
        unit: What its strengths are, for an axis.
        strengths: From the weakest on.
        neutral: The strength that changes nothing.
        view: Where to look, by crop rule, strength and random numbers.
        change: What to do to the (S, S, 3) pixels in place, by strength and random numbers.
    """

    title: str
    unit: str
    strengths: tuple[float, ...]
    neutral: float = 0.0
    view: Callable[[CropSettings, float, np.random.Generator], CropView] = _plain
    change: Callable[[Image8, float, np.random.Generator], None] = _unchanged


def _rotated(crop: CropSettings, degrees: float, rng: np.random.Generator) -> CropView:
    return view_at(crop, degrees=degrees if rng.random() < 0.5 else -degrees)


def _scaled(crop: CropSettings, factor: float, rng: np.random.Generator) -> CropView:
    return view_at(crop, factor=factor)


def _jittered(crop: CropSettings, share: float, rng: np.random.Generator) -> CropView:
    """The box moves by ``share`` of its side in any direction, and is by that share larger or smaller."""
    direction, smaller = 2 * np.pi * rng.random(), rng.random() < 0.5
    reach = share * crop.size / crop.margin
    shift = (reach * np.cos(direction), reach * np.sin(direction))
    return view_at(crop, factor=1 + share if smaller else 1 / (1 + share), shift=shift)


def _blurred(image: Image8, sigma: float, rng: np.random.Generator) -> None:
    change_pixels(image, AugmentSettings(recipe="none", blur=1.0, blur_size=(sigma, sigma)), rng)


def _occluded(image: Image8, side: float, rng: np.random.Generator) -> None:
    box = AugmentSettings(recipe="none", occlusion=1.0, occlusion_height=(side, side), occlusion_stretch=0.0)
    change_pixels(image, box, rng)


def _noisy(image: Image8, sigma: float, rng: np.random.Generator) -> None:
    change_pixels(image, AugmentSettings(recipe="none", noise=1.0, noise_level=(sigma, sigma)), rng)


def _darkened(image: Image8, stops: float, rng: np.random.Generator) -> None:
    levels = np.arange(256) * 2 ** (-stops / _DISPLAY_GAMMA)
    cv2.LUT(image, np.rint(levels).astype(np.uint8), dst=image)


def _compressed(image: Image8, quality: float, rng: np.random.Generator) -> None:
    image[:] = decode(np.frombuffer(encode(image, "jpeg", round(quality)), dtype=np.uint8))


PERTURBATIONS: dict[str, Perturbation] = {
    "rotation": Perturbation("Rotation", "degrees, either way", (10, 20, 30, 45, 60), view=_rotated),
    "scale": Perturbation(
        "Scale", "size of the face in the crop", (0.75, 0.85, 1.15, 1.3, 1.5), neutral=1.0, view=_scaled
    ),
    "box_jitter": Perturbation("Box jitter", "of the box's side", (0.05, 0.1, 0.15, 0.2, 0.3), view=_jittered),
    "blur": Perturbation("Blur", "σ ÷ side of the crop", (0.005, 0.01, 0.02, 0.03, 0.05), change=_blurred),
    "occlusion": Perturbation(
        "Occlusion", "side of the box ÷ side of the crop", (0.1, 0.2, 0.3, 0.4, 0.5), change=_occluded
    ),
    "noise": Perturbation("Noise", "σ ÷ 255", (0.02, 0.05, 0.1, 0.15, 0.2), change=_noisy),
    "darkness": Perturbation("Darkness", "stops of exposure less", (1, 2, 3, 4, 5), change=_darkened),
    "jpeg": Perturbation("JPEG", "quality", (50, 30, 20, 10, 5), neutral=100.0, change=_compressed),
}
"""The perturbations by name, in the order of the report."""
