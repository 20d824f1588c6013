from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from facealign.data.augment import Photometric
from facealign.data.augment_settings import AWING, NONE, AugmentSettings
from facealign.data.order import sample_rng

PHOTOMETRIC = ("blur", "noise", "occlusion", "gray", "colour")
IMAGE = np.random.default_rng(0).integers(40, 200, (64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_each_change_alone_changes_the_picture(name):
    image = Photometric(NONE.model_copy(update={name: 1.0}))(IMAGE, sample_rng(0, 0, 0))
    assert image.shape == IMAGE.shape
    assert image.dtype == np.uint8
    assert (image != IMAGE).any()


def test_gray_is_gray():
    image = Photometric(NONE.model_copy(update={"gray": 1.0}))(IMAGE, sample_rng(0, 0, 0))
    assert (image == image[..., :1]).all()


def test_equal_draws_give_equal_pictures_whatever_came_before():
    augment = Photometric(AWING)
    first = [augment(IMAGE, sample_rng(1, 2, position)) for position in range(8)]
    again = [augment(IMAGE, sample_rng(1, 2, position)) for position in reversed(range(8))]
    fresh = [Photometric(AWING)(IMAGE, sample_rng(1, 2, position)) for position in range(8)]
    np.testing.assert_array_equal(first, again[::-1])
    np.testing.assert_array_equal(first, fresh)
    assert len({image.tobytes() for image in first}) > 3


def test_changes_come_independently():
    """Each combination as often as the product of the probabilities says: one seed for all would tie them."""
    augment = Photometric(NONE.model_copy(update={"gray": 0.5, "occlusion": 0.5}))
    gray = Photometric(NONE.model_copy(update={"gray": 1.0}))(IMAGE, sample_rng(0, 0, 0))
    counts = Counter()
    for position in range(400):
        image = augment(IMAGE, sample_rng(0, 0, position))
        is_gray = bool((image == gray).all(axis=2).mean() > 0.5)
        is_occluded = bool((image != (gray if is_gray else IMAGE)).any())
        counts[is_gray, is_occluded] += 1
    assert len(counts) == 4
    assert all(60 < count < 140 for count in counts.values())


def test_none_leaves_the_picture_alone():
    assert Photometric(NONE)(IMAGE, sample_rng(0, 0, 0)) is IMAGE


@pytest.mark.parametrize("wrong", [{"flip": 1.1}, {"rotation": -1}, {"shift": 0.6}, {"scale": 1.0}, {"crop": 0.1}])
def test_rules_of_the_settings(wrong):
    with pytest.raises(ValidationError):
        AugmentSettings(**wrong)
