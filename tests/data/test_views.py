import cv2
import numpy as np
import pytest
from scipy import stats

from facealign.data.augmentation.settings import AWING, NONE, AugmentSettings
from facealign.data.augmentation.views import (
    CropView,
    cut_image,
    draw_view,
    exchange,
    move_points,
    plain_view,
    view_to_photo,
)
from facealign.data.sampler.order import sample_rng
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


def test_views_mirror_as_often_as_set():
    flips = sum(draw_view(CROP, AWING.with_changes(flip=0.2), sample_rng(0, 0, p)).is_flipped for p in range(600))
    assert stats.binomtest(flips, 600, 0.2).pvalue > 1e-3


def test_flips_exchange_identities_of_everything():
    mirrored = CropView(affine.flip_horizontal(CROP.size), is_flipped=True)
    points = RNG.uniform(0, 128, (SCHEMA.size, 2)).astype(np.float32)
    valid = RNG.uniform(size=SCHEMA.size) < 0.7
    moved = move_points(points, valid, mirrored, SCHEMA)
    for i, j in enumerate(SCHEMA.flip):
        expected = (CROP.size - 1 - points[j, 0], points[j, 1]) if valid[j] else (0, 0)
        np.testing.assert_allclose(moved[i], expected, rtol=1e-5)
        assert exchange(valid, mirrored, SCHEMA)[i] == valid[j]


def test_drawn_views_stay_within_their_ranges():
    scales, angles, shifts = _drawn(AugmentSettings(rotation=20, shift=0.1, scale=0.2, flip=0))
    for values, bound in ((scales - 1, 0.2), (angles, 20), (shifts[:, 0], 0.1), (shifts[:, 1], 0.1)):
        assert stats.kstest(values, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
        assert np.abs(values).max() <= bound + 1e-9


def test_normal_draws_have_their_deviations():
    """ADNet: rotation σ 18°, shift σ 5 %, scale σ 10 %; independent of each other."""
    scales, angles, shifts = _drawn(AugmentSettings(recipe="adnet", flip=0))
    drawn = np.stack([(scales - 1) / 0.1, angles / 18, *(shifts.T / 0.05)])
    for values in drawn:
        assert stats.kstest(values, stats.norm.cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 0.15


def test_no_normal_draw_turns_a_face_inside_out():
    settings = AugmentSettings(recipe="none", distribution="normal", scale=0.9)
    assert min(_drawn(settings)[0]) >= 0.1 - 1e-9


def _drawn(settings, count=600):
    """Scales, degrees and (count, 2) shifts ÷ crop side of drawn views, read off their matrices."""
    middle = (CROP.size - 1) / 2
    back = affine.invert(plain_view(CROP).matrix)
    matrices = [
        affine.compose(draw_view(CROP, settings, sample_rng(1, 2, position)).matrix, back)
        for position in range(count)
    ]
    scales = np.array([affine.scale_of(matrix) for matrix in matrices])
    angles = np.array([np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])) for matrix in matrices])
    shifts = np.array([affine.apply(matrix, [middle, middle]) - middle for matrix in matrices]) / CROP.size
    return scales, angles, shifts


@pytest.mark.parametrize("position", range(4))
def test_a_drawn_view_is_the_product_of_its_parts(position):
    """The face turns and scales about the middle, then shifts, then mirrors."""
    settings = AWING.with_changes(flip=1.0)
    view, upright = (
        draw_view(CROP, s, sample_rng(1, 2, position)) for s in (settings, settings.with_changes(flip=0.0))
    )
    np.testing.assert_allclose(
        view.matrix, affine.compose(affine.flip_horizontal(CROP.size), upright.matrix), atol=1e-9
    )
    alone = draw_view(CROP, settings.with_changes(flip=0.0, shift=0.0), sample_rng(1, 2, position))
    moved = affine.compose(upright.matrix, affine.invert(alone.matrix))
    np.testing.assert_allclose(moved[:, :2], np.eye(2), atol=1e-12)
    middle = (CROP.stored_size - 1) / 2
    np.testing.assert_allclose(affine.apply(alone.matrix, [middle, middle]), (CROP.size - 1) / 2, atol=1e-9)


@pytest.mark.parametrize("position", range(6))
def test_the_way_back_to_the_photo(position):
    view = draw_view(CROP, AWING, sample_rng(1, 2, position))
    stored_to_photo = affine.compose(affine.translation(40, -7), affine.rotate_scale_about((3, 4), 25, 1.7))
    expected = affine.compose(stored_to_photo, affine.invert(view.matrix))
    np.testing.assert_allclose(view_to_photo(stored_to_photo, view), expected, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("position", range(6))
def test_the_warp_is_that_of_three_channels(position):
    stored = RNG.integers(0, 256, (CROP.stored_size, CROP.stored_size, 3), dtype=np.uint8)
    view = draw_view(CROP, AWING, sample_rng(1, 2, position))
    expected = cv2.warpAffine(stored, view.matrix, (CROP.size, CROP.size), flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(cut_image(stored, view, CROP.size), expected)


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
    seen = cut_image(stored, CropView(affine.translation(10, 0)), CROP.size)
    assert (seen[:, :10] == 0).all()
    assert (seen[:, 10:] == 255).all()
