import numpy as np
import pytest

from facealign.data.preparing.warp import warp
from facealign.geometry import affine


def _photo_of_spot(center, sigma, shape):
    """A Gaussian spot drawn from its formula, on gray."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    spot = 20 + 220 * np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / (2 * sigma**2))
    return np.repeat(spot[..., None], 3, axis=2).round().astype(np.uint8)


def _centroid(image):
    weight = np.clip(image[..., 0].astype(float) - 60, 0, None)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize("side", [40, 97.3, 150, 333.3, 520, 810.7])
def test_pixels_go_where_points_go_at_every_scale(side):
    """Enlarged, kept, and shrunk up to twelve times, with blocks that do not divide the photo."""
    center = (413.4, 388.8)
    photo = _photo_of_spot(center, side / 20, (803, 811))
    matrix = affine.crop_to_square((center[0] + side / 9, center[1] - side / 7), side, 64)
    expected = affine.apply(matrix, [center])[0]
    np.testing.assert_allclose(_centroid(warp(photo, matrix, 64)), expected, atol=0.06)


def test_shrinking_averages_instead_of_picking():
    """A fine checkerboard shrinks to its mean; plain bilinear sampling would leave a pattern."""
    board = (np.indices((600, 600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = warp(np.repeat(board[..., None], 3, axis=2), affine.crop_to_square((300, 300), 500, 64), 64)
    assert np.abs(small.astype(int) - 127).max() <= 3


def test_a_whole_picture_at_its_own_size_is_itself():
    photo = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    np.testing.assert_array_equal(warp(photo, affine.identity(), 48), photo)


def test_outside_the_photo_is_black():
    photo = np.full((50, 50, 3), 200, dtype=np.uint8)
    beside = warp(photo, affine.crop_to_square((50, 25), 60, 32), 32)
    assert (beside[16, :12] > 190).all()
    assert (beside[:, 20:] == 0).all()
    assert (warp(photo, affine.crop_to_square((500, 500), 60, 32), 32) == 0).all()
