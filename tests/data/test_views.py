import cv2
import numpy as np
import pytest

from facealign.data.augment_settings import AWING, NONE, AugmentSettings
from facealign.data.order import sample_rng
from facealign.data.views import View, cut_image, draw_view, exchange, move_points, plain_view
from facealign.geometry import CropSettings, affine, load_schema

CROP = CropSettings(size=128, context=1.5)
SCHEMA = load_schema("cofw29")
RNG = np.random.default_rng(5)
SPOTS_N2 = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2)[: SCHEMA.size] * 16.0 + (
    56,
    64,
)
ALL = np.ones(SCHEMA.size, dtype=bool)


def _picture_of_spot(x, y):
    image = np.zeros((CROP.stored_size, CROP.stored_size, 3), dtype=np.uint8)
    cv2.circle(image, (round(x * 16), round(y * 16)), 4 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


def _centroid(image):
    weight = image[..., 0].astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize("position", range(12))
def test_pixels_and_points_move_together(position):
    """Draw one landmark as a spot, look at it, and find the spot where the landmark is said to be."""
    view = draw_view(CROP, AWING, sample_rng(0, 0, position))
    points = move_points(SPOTS_N2.astype(np.float32), ALL, view, SCHEMA)
    for landmark in (0, 11, 28):
        seen = SCHEMA.flip[landmark] if view.is_flipped else landmark
        inside = (points[seen] > 8).all() and (points[seen] < CROP.size - 9).all()
        if inside:
            image = cut_image(_picture_of_spot(*SPOTS_N2[landmark]), view, CROP.size)
            np.testing.assert_allclose(_centroid(image), points[seen], atol=0.05)


def test_both_kinds_of_view_are_drawn():
    views = [draw_view(CROP, AWING, sample_rng(0, 0, position)) for position in range(12)]
    assert {view.is_flipped for view in views} == {True, False}


def test_flips_exchange_identities_of_everything():
    mirrored = View(affine.flip_horizontal(CROP.size), is_flipped=True)
    points = RNG.uniform(0, 128, (SCHEMA.size, 2)).astype(np.float32)
    valid = RNG.uniform(size=SCHEMA.size) < 0.7
    moved = move_points(points, valid, mirrored, SCHEMA)
    for i, j in enumerate(SCHEMA.flip):
        expected = (CROP.size - 1 - points[j, 0], points[j, 1]) if valid[j] else (0, 0)
        np.testing.assert_allclose(moved[i], expected, rtol=1e-5)
        assert exchange(valid, mirrored, SCHEMA)[i] == valid[j]


def test_drawn_views_stay_within_their_ranges():
    settings = AugmentSettings(rotation=20, shift=0.1, scale=0.2, flip=0)
    middle = (CROP.size - 1) / 2
    for position in range(200):
        view = draw_view(CROP, settings, sample_rng(1, 2, position))
        matrix = affine.compose(view.matrix, affine.invert(plain_view(CROP).matrix))
        assert 0.8 <= affine.scale_of(matrix) <= 1.2
        assert abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) <= 20
        moved = affine.apply(matrix, [middle, middle]) - middle
        assert np.abs(moved).max() <= 0.1 * CROP.size + 1e-9


def test_no_augmentation_is_the_plain_view():
    view = draw_view(CROP, NONE, sample_rng(0, 0, 0))
    np.testing.assert_allclose(view.matrix, plain_view(CROP).matrix, atol=1e-12)
    assert not view.is_flipped


def test_the_plain_view_is_a_slice_of_the_stored_picture():
    stored = RNG.integers(0, 256, (CROP.stored_size, CROP.stored_size, 3), dtype=np.uint8)
    room = (CROP.stored_size - CROP.size) // 2
    seen = cut_image(stored, plain_view(CROP), CROP.size)
    assert np.shares_memory(seen, stored)
    np.testing.assert_array_equal(seen, stored[room : room + CROP.size, room : room + CROP.size])


def test_a_slice_and_a_warp_agree():
    """A shift of whole pixels must not depend on which of the two makes it."""
    stored = RNG.integers(0, 256, (CROP.stored_size, CROP.stored_size, 3), dtype=np.uint8)
    view = plain_view(CROP)
    warped = cv2.warpAffine(stored, view.matrix, (CROP.size, CROP.size), flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(cut_image(stored, view, CROP.size), warped)


def test_a_shift_beyond_the_picture_is_black():
    stored = np.full((CROP.stored_size, CROP.stored_size, 3), 255, dtype=np.uint8)
    seen = cut_image(stored, View(affine.translation(10, 0)), CROP.size)
    assert (seen[:, :10] == 0).all()
    assert (seen[:, 10:] == 255).all()
