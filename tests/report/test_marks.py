import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.report.faces import Layer, MarkSize

BLANK = np.zeros((40, 50, 3), dtype=np.uint8)
inside = st.tuples(st.floats(12, 36), st.floats(12, 26)).map(np.array)
WHITE = (255, 255, 255)


def drawn(draw):
    layer = Layer(40, 50)
    draw(layer)
    return layer.blend(BLANK, WHITE)[..., 0] / 255


def centroid(weights):
    rows, columns = np.indices(weights.shape)
    return np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()


@given(inside, st.floats(1.4, 6))
def test_a_dot_lies_where_it_is_put_and_has_its_area(center, radius):
    picture = drawn(lambda layer: layer.dot(center, radius))
    np.testing.assert_allclose(centroid(picture), center, atol=0.1)
    assert picture.sum() == pytest.approx(np.pi * radius**2, rel=0.1)


@given(inside, st.floats(3, 8), st.floats(0.8, 2.5))
def test_a_ring_is_hollow_about_its_center(center, radius, width):
    picture = drawn(lambda layer: layer.ring(center, radius, width))
    np.testing.assert_allclose(centroid(picture), center, atol=0.15)
    assert picture.sum() == pytest.approx(2 * np.pi * radius * width, rel=0.25)
    x, y = center.round().astype(int)
    assert picture[y, x] == 0


@given(inside, inside, st.floats(0.8, 3))
def test_a_line_runs_from_end_to_end(start, end, width):
    picture = drawn(lambda layer: layer.line(start, end, width))
    np.testing.assert_allclose(centroid(picture), (start + end) / 2, atol=0.25)
    area = np.linalg.norm(end - start) * width + np.pi * width**2 / 4
    assert picture.sum() == pytest.approx(area, rel=0.25, abs=1.0)


def test_crossing_lines_are_blended_once():
    layer = Layer(40, 50)
    layer.line(np.array([5.0, 20.0]), np.array([45.0, 20.0]), 3)
    layer.line(np.array([25.0, 5.0]), np.array([25.0, 35.0]), 3)
    picture = layer.blend(BLANK, WHITE, opacity=0.4)
    assert picture.max() == round(0.4 * 255)


@pytest.mark.parametrize("center", [(-4.0, 10.0), (1e12, -1e12), (49.5, 39.5)])
def test_marks_beyond_the_border_are_cut(center):
    picture = drawn(lambda layer: layer.dot(np.array(center), 3))
    assert picture.shape == (40, 50)
    assert (picture.sum() > 0) == (center == (49.5, 39.5))


@given(st.integers(1, 5000))
def test_marks_grow_with_the_picture_within_limits(pixels):
    size, larger = MarkSize.for_picture(pixels), MarkSize.for_picture(2 * pixels)
    assert 1.4 <= size.radius <= larger.radius <= 5
    assert 0.8 <= size.line <= larger.line <= 2.5
