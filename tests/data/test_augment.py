"""Changes of pixels: what each does, how often, and whether it does what the library of the field does."""

import os
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from facealign.data.augmentation.pixels import Box, change_pixels
from facealign.data.augmentation.settings import AWING, NONE, AugmentSettings
from facealign.data.sampler.order import sample_rng

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import would otherwise ask a server for news
import albumentations

CHANGES = {
    "blur": {},
    "color": {"brightness": 0.2, "contrast": 0.2, "channel_gain": 0.2},
    "gamma": {},
    "noise": {},
    "byte_noise": {},
    "occlusion": {},
    "gray": {},
}
IMAGE = np.random.default_rng(0).integers(40, 200, (64, 64, 3), dtype=np.uint8)
FLAT = np.full((32, 32, 3), 100, dtype=np.uint8)


def _changed(settings, position=0, image=IMAGE):
    image = image.copy()
    change_pixels(image, settings, sample_rng(0, 0, position))
    return image


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_alone_changes_the_picture(name):
    settings = NONE.with_changes(**{name: 1.0}, **CHANGES[name])
    assert any((_changed(settings, position) != IMAGE).any() for position in range(3))


@pytest.mark.parametrize("name", CHANGES)
def test_each_comes_as_often_as_it_is_said_to(name):
    settings = NONE.with_changes(**{name: 0.3}, **CHANGES[name])
    seen = sum(bool((_changed(settings, position) != IMAGE).any()) for position in range(400))
    always = sum(
        bool((_changed(settings.with_changes(**{name: 1.0}), position) != IMAGE).any()) for position in range(400)
    )
    assert stats.binomtest(seen, always, 0.3).pvalue > 1e-3


def test_equal_draws_give_equal_pictures_whatever_came_before():
    first = [_changed(AWING, position) for position in range(8)]
    again = [_changed(AWING, position) for position in reversed(range(8))]
    np.testing.assert_array_equal(first, again[::-1])
    assert len({image.tobytes() for image in first}) > 3


def test_a_change_does_not_depend_on_the_others():
    """Where the box lies does not change when a blur comes before or after it."""
    boxes = []
    for others in ({}, {"blur": 1.0, "noise": 1.0, "gray": 1.0}):
        settings = NONE.with_changes(occlusion=0.5, **others)
        boxes.append([change_pixels(IMAGE.copy(), settings, sample_rng(0, 0, position)) for position in range(20)])
    assert boxes[0] == boxes[1]
    assert {type(box) for box in boxes[0]} == {Box, type(None)}


def test_changes_come_independently():
    settings = NONE.with_changes(gray=0.5, occlusion=0.5)
    counts = Counter()
    for position in range(400):
        image = IMAGE.copy()
        box = change_pixels(image, settings, sample_rng(0, 0, position))
        counts[bool((image == image[..., :1]).all()), box is not None] += 1
    assert len(counts) == 4
    assert all(60 < count < 140 for count in counts.values())


def test_none_leaves_the_picture_alone():
    np.testing.assert_array_equal(_changed(NONE), IMAGE)


# Each with its strength pinned, beside the transform that others use for it.
PINNED = {
    "gray": ({"gray": 1.0}, albumentations.ToGray(p=1)),
    "gaussian blur": (
        {"blur": 1.0, "blur_size": (1.5 / 64, 1.5 / 64)},
        albumentations.GaussianBlur(blur_limit=0, sigma_limit=(1.5, 1.5), p=1),
    ),
    "box blur": (
        {"blur": 1.0, "blur_kernel": "box", "blur_size": (5.5 / 64, 5.5 / 64)},
        albumentations.Blur(blur_limit=(5, 5), p=1),
    ),
}


@pytest.mark.parametrize("name", PINNED)
def test_agrees_with_the_library_of_the_field(name):
    values, transform = PINNED[name]
    ours, theirs = _changed(NONE.with_changes(**values)).astype(int), transform(image=IMAGE)["image"].astype(int)
    assert np.abs(ours - theirs).max() <= 2


def _levels(settings, count=400):
    """(count, 3) mean level of each channel that a flat image of level 100 comes to."""
    return np.array([_changed(settings, position, FLAT).mean(axis=(0, 1)) for position in range(count)])


def _library_levels(transform, count=400):
    transform.set_random_seed(3)
    return np.array([transform(image=FLAT)["image"].mean(axis=(0, 1)) for _ in range(count)])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            {"color": 1.0, "brightness": 0.2, "contrast": 0.2},
            albumentations.RandomBrightnessContrast(0.2, 0.2, p=1),
        ),
        ({"color": 1.0, "brightness": 0.1}, albumentations.RandomBrightnessContrast(0.1, 0, p=1)),
    ],
)
def test_strengths_are_distributed_as_in_the_library_of_the_field(ours, theirs):
    assert stats.ks_2samp(_levels(NONE.with_changes(**ours))[:, 0], _library_levels(theirs)[:, 0]).pvalue > 1e-3


def test_noise_is_as_strong_and_as_often_so_as_in_the_library_of_the_field():
    theirs = albumentations.GaussNoise(std_range=(0.02, 0.06), per_channel=False, p=1)
    theirs.set_random_seed(3)
    settings = NONE.with_changes(noise=1.0)
    found = np.array([_changed(settings, position, FLAT).std() for position in range(300)])
    expected = np.array([theirs(image=FLAT)["image"].std() for _ in range(300)])
    assert stats.ks_2samp(found, expected).pvalue > 1e-3
    assert abs(np.mean([_changed(settings, position, FLAT).mean() for position in range(100)]) - 100) < 0.2


@pytest.mark.parametrize("position", range(10))
def test_colors_are_changed_to_the_nearest_level(position):
    """Against the sum in floating point, with the strengths read off two flat images."""
    settings = NONE.with_changes(color=1.0, brightness=0.1, contrast=0.2, channel_gain=0.2)
    flat = (np.full_like(FLAT, level) for level in (60, 140))
    low, high = (_changed(settings, position, image)[0, 0].astype(float) for image in flat)
    slope = (high - low) / 80
    found = _changed(settings, position).astype(float)
    np.testing.assert_allclose(found, np.clip(low + slope * (IMAGE.astype(float) - 60), 0, 255), atol=2.1)


@pytest.mark.parametrize("kernel", ["gaussian", "box"])
@pytest.mark.parametrize("size", [2.5, 3.5, 4.5])
def test_a_blur_moves_nothing(kernel, size):
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[30, 20] = 255
    settings = NONE.with_changes(blur=1.0, blur_kernel=kernel, blur_size=(size / 64, size / 64))
    blurred = _changed(settings, image=image)[..., 0].astype(float)
    y, x = np.mgrid[:64, :64]
    assert blurred[30, 20] < 100
    center = (blurred * x).sum() / blurred.sum(), (blurred * y).sum() / blurred.sum()
    np.testing.assert_allclose(center, (20, 30), atol=0.01)


def test_each_channel_has_its_own_gain_between_its_bounds():
    """Subpixel: 0.6 … 1.4."""
    gains = _levels(AugmentSettings(recipe="subpixel")) / 100
    for channel in gains.T:
        assert stats.kstest(channel, stats.uniform(0.6, 0.8).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(gains.T) - np.eye(3)).max() < 0.2


def test_gamma_is_below_one_as_often_as_above():
    """ADNet's code: half uniform in ¼ … 1, half in 1 … 4."""
    levels = _levels(NONE.with_changes(gamma=1.0))[:, 0]
    gammas = np.log(levels / 255) / np.log(100 / 255)
    below = gammas[gammas < 1]
    assert 0.4 < len(below) / len(gammas) < 0.6
    assert stats.kstest(below, stats.uniform(0.25, 0.75).cdf).pvalue > 1e-3
    assert stats.kstest(gammas[gammas > 1], stats.uniform(1, 3).cdf).pvalue > 1e-3


def test_byte_noise_blends_towards_uniform_bytes():
    """ADNet's code: a weight of 0 … ½ draws the mean towards 127.5, and bytes have a σ of 73.9."""
    weights = [_changed(NONE.with_changes(byte_noise=1.0), position, FLAT).std() / 73.9 for position in range(300)]
    assert stats.kstest(weights, stats.uniform(0, 0.5).cdf).pvalue > 1e-3


def test_boxes_are_those_of_adnet():
    settings = AugmentSettings(recipe="adnet", occlusion=1.0, blur=0.0, gray=0.0)
    heights, widths, size = [], [], 200
    for position in range(600):
        image = np.full((size, size, 3), 255, dtype=np.uint8)
        box = change_pixels(image, settings, sample_rng(0, 0, position))
        covered = np.zeros((size, size), dtype=bool)
        covered[box.y0 : box.y1, box.x0 : box.x1] = True
        np.testing.assert_array_equal((image == 0).all(axis=2), covered)
        if box.x0 > 0 and box.y0 > 0 and box.x1 < size and box.y1 < size:
            heights.append((box.y1 - box.y0) / size)
            widths.append((box.x1 - box.x0) / size)
    assert 0.1 - 1 / size <= min(heights)
    assert max(heights) <= 0.4 + 1 / size
    assert max(widths) <= 0.5 + 1 / size
    assert np.abs(np.subtract(heights, widths)).max() <= 0.1 + 2 / size


def test_what_a_box_holds():
    box = Box(2, 3, 5, 7)
    points = np.array([[1.4, 4], [1.6, 4], [4.4, 6.4], [4.6, 6], [3, 2.4], [3, 2.6]], dtype=np.float32)
    assert box.holds(points).tolist() == [False, True, True, False, False, True]
