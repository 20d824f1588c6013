from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facealign.data.preparing.checks import check_record
from facealign.data.record import BadSample, FaceRecord
from facealign.geometry import LandmarkSchema

SCHEMA = LandmarkSchema(name="three", size=3, flip=(1, 0, 2))
WIDTH, HEIGHT = 120, 100
RECORD = FaceRecord(
    image=np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8),
    points=np.array([[30.0, 40], [70, 40], [50, 60]]),
    visible=np.ones(3, dtype=np.bool_),
)


def _check(**changes):
    check_record("afw/1", replace(RECORD, **changes), SCHEMA)


def _moved(point, index=1):
    points = RECORD.points.copy()
    points[index] = point
    return points


def test_a_good_face_passes():
    _check()


@pytest.mark.parametrize(
    "point",
    [
        (-0.5 - WIDTH, 40),
        (2 * WIDTH - 0.5, 40),
        (70, -0.5 - HEIGHT),
        (70, 2 * HEIGHT - 0.5),
        (np.nan, 5),
        (-9, -9),
    ],
)
def test_landmarks_outside_stay_as_far_as_a_side_of_the_photo(point):
    _check(points=_moved(point))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": _moved((-121, 40))}, r"landmark 1 at \(-121.0, 40.0\) is more than a photo's side outside"),
        ({"points": _moved((240, 40))}, "landmark 1 .*outside the photo of 120 × 100 px"),
        ({"points": _moved((70, -101))}, "landmark 1 .*outside"),
        ({"points": _moved((70, 200))}, "landmark 1 .*outside"),
        ({"points": _moved((1e300, 0), 2)}, "landmark 2 .*outside"),
        ({"points": _moved((70, np.inf))}, "landmark 1 is infinite"),
        ({"points": _moved((-np.inf, np.nan), 0)}, "landmark 0 is infinite"),
        ({"points": np.zeros((3, 2))}, r"all 3 known landmarks are at \(0.0, 0.0\)"),
        ({"points": np.array([[5.0, 6], [np.nan, 1], [5, 6]])}, r"all 2 known landmarks are at \(5.0, 6.0\)"),
        ({"points": np.full((3, 2), np.nan)}, "no landmark has coordinates"),
        ({"points": np.zeros((4, 2))}, r"landmarks of shape \(4, 2\), three has 3"),
        ({"visible": np.ones(2, dtype=np.bool_)}, r"visibility of shape \(2,\), three has 3"),
        ({"image": np.zeros((7, 120, 3), dtype=np.uint8)}, "the photo has 120 × 7 px; 8 are needed"),
        ({"image": np.zeros((100, 1, 3), dtype=np.uint8)}, "the photo has 1 × 100 px"),
    ],
)
def test_what_no_annotator_can_have_meant(changes, message):
    with pytest.raises(BadSample, match=f"afw/1: .*{message}"):
        _check(**changes)


@given(arrays(np.float64, (3, 2), elements=st.floats(width=64)))
def test_whatever_passes_can_be_reckoned_with(points):
    """Every value there is: it is refused with a reason, or all known landmarks are within reach of the photo."""
    try:
        _check(points=points)
    except BadSample:
        return
    known = points[np.isfinite(points).all(axis=1)]
    assert len(known)
    assert (np.abs(known) <= 2 * WIDTH).all()
