"""The photometric half of augmentation: blur, noise, occlusion, gray, brightness and contrast."""

import os

import numpy as np

from facealign.data.augment_settings import AugmentSettings
from facealign.data.images import Image8

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import would otherwise ask a server for news
import albumentations


class Photometric:
    """Changes the pixels of a view and moves nothing. Built once in each process.

    ``visible`` is what the annotators saw; a landmark under a drawn rectangle keeps it, since the paper trains the
    network to find such landmarks all the same.
    """

    def __init__(self, settings: AugmentSettings) -> None:
        changes = (
            (settings.colour, albumentations.RandomBrightnessContrast(0.2, 0.2, p=1)),
            (settings.gray, albumentations.ToGray(p=1)),
            (settings.blur, albumentations.GaussianBlur(blur_limit=0, sigma_limit=(0.5, 2.0), p=1)),
            # One noise field for all three channels costs a third of three.
            (settings.noise, albumentations.GaussNoise(std_range=(0.02, 0.06), per_channel=False, p=1)),
            (
                settings.occlusion,
                albumentations.CoarseDropout(
                    num_holes_range=(1, 1),
                    hole_height_range=(0.1, 0.4),
                    hole_width_range=(0.1, 0.4),
                    fill="random_uniform",
                    p=1,
                ),
            ),
        )
        self._probabilities, self._changes = zip(*changes, strict=True)

    def __call__(self, image: Image8, rng: np.random.Generator) -> Image8:
        """(S, S, 3) uint8 RGB → the same, by the next numbers of ``rng`` alone."""
        # Not `Compose`: its one seed seeds all transforms alike, so that they would come together or not at all.
        draws = rng.uniform(size=len(self._changes))
        seeds = rng.integers(2**32, size=len(self._changes))
        for change, probability, draw, seed in zip(self._changes, self._probabilities, draws, seeds, strict=True):
            if draw < probability:
                change.set_random_seed(int(seed))
                image = change(image=image)["image"]
        return np.asarray(image, dtype=np.uint8)
