import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.geometry import affine

coordinates = st.floats(-500, 500)
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=5).map(np.array)
similarities = st.builds(
    lambda x, y, degrees, factor, dx, dy, mirror: affine.compose(
        affine.flip_horizontal(128) if mirror else affine.identity(),
        affine.translation(dx, dy),
        affine.rotate_scale_about((x, y), degrees, factor),
    ),
    *(
        coordinates,
        coordinates,
        st.floats(-180, 180),
        st.floats(0.05, 20),
        coordinates,
        coordinates,
        st.booleans(),
    ),
)


@given(similarities, points)
def test_a_map_and_its_inverse_cancel(matrix, points):
    np.testing.assert_allclose(
        affine.apply(affine.invert(matrix), affine.apply(matrix, points)), points, atol=1e-6
    )


@given(similarities, similarities, points)
def test_composition_applies_the_last_first(f, g, points):
    # Coordinates reach 10⁶ px here, and cancel to less.
    expected = affine.apply(f, affine.apply(g, points))
    np.testing.assert_allclose(affine.apply(affine.compose(f, g), points), expected, atol=1e-6)


@given(similarities, points)
def test_scale_of_is_the_ratio_of_lengths(matrix, points):
    moved = affine.apply(matrix, np.vstack([points, points[:1] + 1.0]))
    length = np.linalg.norm(moved[-1] - moved[0])
    assert length == pytest.approx(np.sqrt(2) * affine.scale_of(matrix), rel=1e-6)


def test_identity_moves_nothing():
    np.testing.assert_array_equal(affine.apply(affine.identity(), [[3.0, 4.0]]), [[3.0, 4.0]])


@given(points)
def test_resize_is_the_map_between_picture_and_heatmap(points):
    """The relation every heatmap rests on: a quarter of the size shifts by 3/8 px."""
    np.testing.assert_allclose(affine.apply(affine.resize(1 / 4), points), (points + 0.5) / 4 - 0.5, atol=1e-9)
    np.testing.assert_allclose(
        affine.apply(affine.resize(4), affine.apply(affine.resize(1 / 4), points)), points, atol=1e-9
    )


@given(st.integers(1, 1000), points)
def test_mirroring_twice_is_nothing_and_swaps_the_outer_columns(width, points):
    flip = affine.flip_horizontal(width)
    np.testing.assert_allclose(affine.apply(flip, affine.apply(flip, points)), points, atol=1e-9)
    np.testing.assert_array_equal(affine.apply(flip, [[0, 7], [width - 1, 7]]), [[width - 1, 7], [0, 7]])


def test_mirroring_agrees_with_the_mirrored_picture():
    image = np.arange(35).reshape(5, 7)
    x, y = affine.apply(affine.flip_horizontal(7), [[2, 3]])[0].astype(int)
    assert image[:, ::-1][y, x] == image[3, 2]


def test_a_positive_turn_is_clockwise_as_seen():
    """From the right of the center to below it, since y points down."""
    turned = affine.apply(affine.rotate_scale_about((10, 10), 90, 2.0), [[11, 10], [10, 10]])
    np.testing.assert_allclose(turned, [[10, 12], [10, 10]], atol=1e-12)


@given(st.tuples(coordinates, coordinates), st.floats(1, 1000), st.integers(16, 512))
def test_a_crop_maps_the_squares_border_onto_its_own(center, side, size):
    matrix = affine.crop_to_square(center, side, size)
    corners = np.array(center) + np.array([[-side, -side], [side, side]]) / 2
    np.testing.assert_allclose(affine.apply(matrix, corners), [[-0.5, -0.5], [size - 0.5] * 2], atol=1e-6)


def test_a_singular_map_has_no_inverse():
    with pytest.raises(np.linalg.LinAlgError):
        affine.invert(np.zeros((2, 3)))
