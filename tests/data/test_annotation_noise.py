"""AWing's Table 11: P % of the landmarks are S % of the inter-ocular distance off, at random angles."""

import numpy as np
import pytest
from scipy import stats

from facealign.config import UserError
from facealign.data.augmentation.annotation_noise import move_at_random
from facealign.geometry import LandmarkSchema, load_schema

SCHEMA = load_schema("wflw98")
FACE = np.random.default_rng(0).uniform(0, 100, (98, 2)).astype(np.float32)
ALL = np.ones(98, dtype=bool)
INTER_OCULAR = np.hypot(*(FACE[60] - FACE[72]))


def _steps(*, share=0.3, distance=0.2, faces=200, seed=0):
    """(faces, 98, 2)"""
    return np.stack(
        [
            move_at_random(
                FACE, ALL, SCHEMA, share=share, distance=distance, seed=seed, sample_id=f"face {number}"
            )
            - FACE
            for number in range(faces)
        ]
    )


def test_the_share_the_distance_and_the_angle_are_as_set():
    steps = _steps()
    lengths = np.linalg.norm(steps, axis=-1)
    moved = lengths > 0
    assert stats.binomtest(int(moved.sum()), moved.size, 0.3).pvalue > 1e-3
    np.testing.assert_allclose(lengths[moved], 0.2 * INTER_OCULAR, rtol=1e-4)
    angles = np.arctan2(steps[moved][:, 1], steps[moved][:, 0])
    assert stats.kstest(angles, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_a_face_is_wrong_in_one_way_and_another_seed_in_another():
    np.testing.assert_array_equal(_steps(faces=3), _steps(faces=3))
    assert (_steps(faces=3) != _steps(faces=3, seed=1)).any()
    assert (_steps(faces=2)[0] != _steps(faces=2)[1]).any()


def test_landmarks_that_are_unknown_stay_so():
    valid = ALL.copy()
    valid[:10] = False
    points = np.where(valid[:, None], FACE, 0)
    moved = move_at_random(points, valid, SCHEMA, share=1.0, distance=0.1, seed=0, sample_id="a")
    np.testing.assert_array_equal(moved[:10], 0)
    assert (moved[10:] != points[10:]).any(axis=1).all()


def test_without_eye_corners_a_face_stays_as_it_is():
    valid = ALL.copy()
    valid[60] = False
    moved = move_at_random(FACE, valid, SCHEMA, share=1.0, distance=0.1, seed=0, sample_id="a")
    np.testing.assert_array_equal(moved, FACE)


def test_a_schema_without_the_distance_is_refused():
    schema = LandmarkSchema(name="two", size=2, flip=(1, 0))
    with pytest.raises(UserError, match="inter_ocular"):
        move_at_random(FACE[:2], ALL[:2], schema, share=1.0, distance=0.1, seed=0, sample_id="a")
