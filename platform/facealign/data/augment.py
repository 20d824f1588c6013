"""The photometric half of augmentation: blur, noise, occlusion, gray, brightness and contrast."""

import os

import numpy as np

from facealign.data.augment_settings import AWING, NONE, AugmentSettings
from facealign.data.images import Image8

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import would otherwise ask a server for news
import albumentations

__all__ = ["AWING", "NONE", "AugmentSettings", "Photometric"]


class Photometric:
    """Changes the pixels of a view and moves nothing. Built once in each process.

    ``visible`` is what the annotators saw; a landmark under a drawn rectangle keeps it, since the paper trains the
    network to find such landmarks all the same.
    """

    def __init__(self, settings: AugmentSettings) -> None:
        transforms = [
            albumentations.RandomBrightnessContrast(brightness_limit=0.3, contrast_limit=0.3, p=settings.colour),
            albumentations.ToGray(p=settings.gray),
            albumentations.GaussianBlur(blur_limit=0, sigma_limit=(0.5, 2.0), p=settings.blur),
            # One noise field for all three channels costs a third of three.
            albumentations.GaussNoise(std_range=(0.02, 0.08), per_channel=False, p=settings.noise),
            albumentations.CoarseDropout(
                num_holes_range=(1, 1),
                hole_height_range=(0.1, 0.4),
                hole_width_range=(0.1, 0.4),
                fill="random_uniform",
                p=settings.occlusion,
            ),
        ]
        self._transforms = [transform for transform in transforms if transform.p > 0]
        self._pipeline = albumentations.Compose(self._transforms)

    def __call__(self, image: Image8, rng: np.random.Generator) -> Image8:
        """(S, S, 3) uint8 RGB → the same, by the next number of ``rng`` alone."""
        if not self._transforms:
            return image
        self._pipeline.set_random_seed(int(rng.integers(2**32)))
        return np.asarray(self._pipeline(image=image)["image"], dtype=np.uint8)
