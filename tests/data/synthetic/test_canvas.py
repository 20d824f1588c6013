"""Drawing is exact to a fraction of a pixel, in the frame whose origin is the center of the first pixel."""

import numpy as np
import pytest

from facealign.data.synthetic.canvas import blend, fill, mix, smooth
from facealign.data.synthetic.chances import Chances


@pytest.mark.parametrize("center", [(20.0, 15.0), (20.3, 14.7), (17.5, 20.5)])
def test_a_filled_polygon_has_its_centroid_where_it_was_put(center):
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    canvas = np.zeros((40, 40), np.uint8)
    fill(canvas, np.array(center) + 8 * np.column_stack([np.cos(angles), np.sin(angles)]), (255, 255, 255))
    rows, columns = np.indices(canvas.shape)
    weight = canvas / canvas.sum()
    assert np.allclose([(weight * columns).sum(), (weight * rows).sum()], center, atol=0.06)


def test_a_spline_passes_through_its_points():
    points = np.array([[0.0, 0], [1, 2], [3, 1], [4, 4]])
    assert np.allclose(smooth(points, 5)[::5], points)


def test_a_spline_of_a_straight_line_is_straight():
    points = np.column_stack([np.arange(5.0), 2 * np.arange(5.0)])
    curve = smooth(points)
    assert np.allclose(curve[:, 1], 2 * curve[:, 0])


def test_blending_follows_the_mask():
    canvas = np.full((1, 3, 3), 100, np.uint8)
    blend(canvas, np.full((1, 3, 3), 200, np.uint8), np.array([[0, 128, 255]], np.uint8))
    assert canvas[0, 0, 0] == 100
    assert abs(int(canvas[0, 1, 0]) - 150) <= 1
    assert canvas[0, 2, 0] == 200


def test_mixing_keeps_the_ends():
    assert mix((10, 20, 30), (50, 60, 70), 0) == (10, 20, 30)
    assert mix((10, 20, 30), (50, 60, 70), 1) == (50, 60, 70)


def test_chances_depend_on_seed_and_index_alone():
    def draws(seed, index):
        chances = Chances(seed, index)
        return [chances.uniform(), chances.normal(0, 1), chances.integer(100)]

    assert draws(1, 2) == draws(1, 2)
    assert draws(1, 2) != draws(2, 1)
