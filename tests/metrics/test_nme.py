import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, affine, load_schema
from facealign.metrics import nme

FOUR = LandmarkSchema.model_validate(
    {"name": "four", "size": 4, "flip": [1, 0, 2, 3], "normalizers": {"inter_ocular": [[0], [1]]}}
)
TRUTH = np.array([[[0.0, 0.0], [10.0, 0.0], [5.0, 5.0], [5.0, 20.0]]])
ALL = np.ones((1, 4), dtype=np.bool_)


def off_by(*vectors):
    return TRUTH + np.array([vectors], dtype=float)


def test_by_hand():
    """Distances 5, 0, 1, 2 have the mean 2; the eyes are 10 apart."""
    predicted = off_by((3, 4), (0, 0), (0, 1), (-2, 0))
    np.testing.assert_allclose(nme(predicted, TRUTH, ALL, FOUR, "inter_ocular"), [0.2])
    np.testing.assert_allclose(nme(predicted, TRUTH, ALL, FOUR, "box"), [2 / np.sqrt(10 * 20)])
    np.testing.assert_allclose(nme(predicted, TRUTH, ALL, FOUR, "diagonal"), [2 / np.hypot(10, 20)])


def test_only_valid_landmarks_count_in_the_error_and_in_the_box():
    """Without the last, distances 5, 0, 1 have the mean 2, and the box is 10 by 5."""
    predicted = off_by((3, 4), (0, 0), (0, 1), (500, 0))
    valid = np.array([[True, True, True, False]])
    np.testing.assert_allclose(nme(predicted, TRUTH, valid, FOUR, "inter_ocular"), [0.2])
    np.testing.assert_allclose(nme(predicted, TRUTH, valid, FOUR, "box"), [2 / np.sqrt(10 * 5)])


def test_what_is_not_valid_may_be_nan():
    truth = TRUTH.copy()
    truth[0, 3] = np.nan
    valid = np.array([[True, True, True, False]])
    assert nme(TRUTH, truth, valid, FOUR, "diagonal").tolist() == [0.0]


def test_inter_pupil_is_the_distance_of_the_eyes_centers():
    schema = load_schema("ibug68")
    truth = np.random.default_rng(0).uniform(0, 100, (3, 68, 2))
    predicted = truth + np.array([3, 4])
    centers = truth[:, 36:42].mean(axis=1) - truth[:, 42:48].mean(axis=1)
    expected = 5 / np.sqrt((centers**2).sum(axis=1))
    np.testing.assert_allclose(nme(predicted, truth, np.ones((3, 68), np.bool_), schema, "inter_pupil"), expected)


@given(st.floats(-180, 180), st.floats(0.1, 10), st.integers(0, 1000))
def test_no_similarity_changes_it(degrees, factor, seed):
    rng = np.random.default_rng(seed)
    predicted = TRUTH + rng.normal(size=TRUTH.shape)
    moved = affine.compose(
        affine.translation(7, -3), affine.rotate_scale_about((2, 5), degrees=degrees, factor=factor)
    )
    np.testing.assert_allclose(
        nme(affine.apply(moved, predicted), affine.apply(moved, TRUTH), ALL, FOUR, "inter_ocular"),
        nme(predicted, TRUTH, ALL, FOUR, "inter_ocular"),
    )


def test_no_face_has_no_error():
    none = np.empty((0, 4, 2))
    assert nme(none, none, np.empty((0, 4), np.bool_), FOUR, "box").shape == (0,)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda p, t, v: v.__setitem__(1, False), "have no valid landmark"),
        (lambda p, t, v: p.__setitem__((1, 2), np.nan), "predicted landmarks that are not finite"),
        (lambda p, t, v: t.__setitem__((1, 2), np.inf), "true landmarks that are not finite"),
        (lambda p, t, v: v.__setitem__((1, 0), False), "lack a landmark among"),
        (lambda p, t, v: t.__setitem__((1, 0), t[1, 1]), "inter_ocular distance of 0"),
    ],
)
def test_faces_at_fault_are_named(fault, message):
    predicted, truth, valid = (np.repeat(array, 2, axis=0) for array in (TRUTH + 1.0, TRUTH, ALL))
    fault(predicted, truth, valid)
    with pytest.raises(UserError, match=rf"1 of 2 faces .*{message}.*: helen/7$"):
        nme(predicted, truth, valid, FOUR, "inter_ocular", ids=["helen/6", "helen/7"])
    with pytest.raises(UserError, match=r"face 1$"):
        nme(predicted, truth, valid, FOUR, "inter_ocular")


def test_a_long_list_of_faces_is_cut():
    truth = np.repeat(TRUTH, 9, axis=0)
    with pytest.raises(UserError, match=r"face 4 and 4 more$"):
        nme(truth, truth, np.zeros((9, 4), np.bool_), FOUR, "box")


def test_shapes_must_be_the_schemas():
    with pytest.raises(UserError, match=r"schema four: \(F, 4, 2\)"):
        nme(TRUTH[:, :3], TRUTH[:, :3], ALL[:, :3], FOUR, "box")
