"""Albumentations' transforms by name: any that change pixels, none that move them, the same for the same draw."""

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.augmentation.pixels import change_pixels
from facealign.data.augmentation.settings import NONE, AugmentSettings
from facealign.data.dataset import FaceDataset
from facealign.data.sampler.order import sample_rng

IMAGE = np.random.default_rng(0).integers(40, 200, (64, 64, 3), dtype=np.uint8)


def changed(settings, position=0):
    image = IMAGE.copy()
    change_pixels(image, settings, sample_rng(0, 0, position))
    return image


@pytest.mark.parametrize(
    "name", ["MotionBlur", "CLAHE", "ImageCompression", "RandomFog", "GridDropout", "ISONoise"]
)
def test_a_named_transform_changes_the_picture_by_the_draw_alone(name):
    settings = NONE.with_changes(extra_transforms=[{"name": name}])
    first = [changed(settings, position) for position in range(4)]
    assert all((image != IMAGE).any() for image in first)
    np.testing.assert_array_equal(first, [changed(settings, position) for position in range(4)])


def test_it_changes_nothing_of_what_comes_before():
    alone = NONE.with_changes(gray=0.5)
    both = alone.with_changes(extra_transforms=[{"name": "InvertImg", "probability": 0.5}])
    pairs = [(changed(alone, position), changed(both, position)) for position in range(40)]
    kept = sum(np.array_equal(a, b) for a, b in pairs)
    assert all(np.array_equal(a, b) or np.array_equal(255 - a, b) for a, b in pairs)
    assert 8 < kept < 32


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"name": "MotionBlurr"}, "has no transform 'MotionBlurr'"),
        ({"name": "Compose"}, "has no transform 'Compose'"),
        ({"name": "Rotate"}, "moves pixels"),
        ({"name": "HorizontalFlip"}, "moves pixels"),
        ({"name": "MotionBlur", "params": {"limit": 7}}, "does not take {'limit': 7}"),
        ({"name": "MotionBlur", "params": {"blur_limit": "seven"}}, "does not take"),
    ],
)
def test_what_cannot_be_is_refused_before_training(stored, change, part):
    settings = AugmentSettings(recipe="awing", extra_transforms=[change])
    with pytest.raises(UserError, match=part.replace("{", r"\{")) as refused:
        FaceDataset(stored, settings)
    assert str(refused.value).startswith("augment.extra_transforms: ")
