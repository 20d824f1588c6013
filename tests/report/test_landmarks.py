import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.report.faces import MarkSize, draw_landmarks, draw_residuals

TRIO = LandmarkSchema.model_validate(
    {"name": "trio", "size": 3, "flip": [0, 1, 2], "edges": [{"name": "brow", "indices": [0, 1]}]}
)
GREEN = (0, 255, 0)
SIZE = MarkSize(radius=2.5, rim=1.0, line=1.0)
GRAY = np.full((60, 80, 3), 128, dtype=np.uint8)
POINTS = np.array([[20.0, 10.0], [60.0, 10.0], [40.0, 45.0]])


@given(st.floats(10, 69), st.floats(10, 49))
def test_a_dots_centroid_is_the_landmark(x, y):
    points = np.array([[np.nan, np.nan], [np.nan, np.nan], [x, y]])
    picture = draw_landmarks(np.zeros_like(GRAY), points, TRIO, GREEN, size=SIZE)
    green = picture[..., 1].astype(float)
    rows, columns = np.indices(green.shape)
    found = (green * columns).sum() / green.sum(), (green * rows).sum() / green.sum()
    assert found == pytest.approx((x, y), abs=0.25)


def test_dots_contours_and_nothing_else_are_drawn():
    picture = draw_landmarks(GRAY, POINTS, TRIO, GREEN, size=SIZE)
    for x, y in POINTS.astype(int):
        assert tuple(picture[y, x]) == GREEN
    assert picture[10, 40, 1] > 180 > picture[10, 40, 0]  # the contour, half transparent
    changed = (picture != GRAY).any(axis=2)
    changed[8:13, 20:61] = False
    for x, y in POINTS.astype(int):
        changed[y - 5 : y + 6, x - 5 : x + 6] = False
    assert not changed.any()
    assert (GRAY == 128).all()


def test_hidden_landmarks_are_hollow():
    picture = draw_landmarks(GRAY, POINTS, TRIO, GREEN, visible=np.array([True, True, False]), size=SIZE)
    assert tuple(picture[45, 40]) == (128, 128, 128)
    assert (picture[40:51, 35:46, 1] > 200).any()
    assert tuple(picture[10, 20]) == GREEN


def test_unknown_landmarks_and_their_contours_are_left_out():
    points = POINTS.copy()
    points[0] = np.nan
    picture = draw_landmarks(GRAY, points, TRIO, GREEN, size=SIZE)
    assert (picture[:, :50][:30] == 128).all()
    assert tuple(picture[10, 60]) == GREEN


def test_residuals_join_truth_and_prediction():
    picture = draw_residuals(GRAY, POINTS, POINTS + np.array([0, 8]), SIZE)
    assert (picture[14, [20, 60]] > 230).all()
    assert (picture[14, 40] == 128).all()


def test_points_of_another_schema_are_refused():
    with pytest.raises(UserError, match=r"points \(2, 2\) do not fit schema trio: \(3, 2\)"):
        draw_landmarks(GRAY, POINTS[:2], TRIO, GREEN)
