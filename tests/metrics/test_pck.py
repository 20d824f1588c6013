import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, load_schema
from facealign.metrics import JointHits, pck

FOUR = LandmarkSchema.model_validate(
    {"name": "four", "size": 4, "flip": [1, 0, 3, 2], "normalizers": {"torso": [[0], [3]]}}
)
"""Shoulders 0 and 1, hips 2 and 3; the torso is from 0 to 3."""

BODY = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 8.0], [6.0, 8.0]])
"""Its torso is 10 long."""


def test_worked_by_hand():
    """α = 0.2 of 10 is 2: one joint is 2 off and correct, one 2.1 off and wrong."""
    truth = np.stack([BODY, BODY * 10])
    predicted = truth.copy()
    predicted[0, 1] += (2.0, 0.0)
    predicted[0, 2] += (0.0, 2.1)
    predicted[1, 3] += (12.0, 16.0)  # 20 = 0.2 of 100
    predicted[1, 2] += (12.1, 16.0)
    hits = pck(predicted, truth, np.ones((2, 4), bool), FOUR)
    assert hits == JointHits(correct=(2, 2, 0, 2), measured=(2, 2, 2, 2))
    assert hits.share() == 0.75
    assert hits.share([2, 3]) == 0.5
    assert hits.metrics() == {
        "pck": 0.75, "pck_joint_0": 1.0, "pck_joint_1": 1.0, "pck_joint_2": 0.0, "pck_joint_3": 1.0
    }  # fmt: skip
    assert pck(predicted, truth, np.ones((2, 4), bool), FOUR, threshold=0.21).share() == 1.0


def test_joints_without_truth_are_not_counted():
    truth, valid = np.stack([BODY, BODY]), np.ones((2, 4), bool)
    valid[:, 1] = valid[0, 2] = False
    truth[~valid] = np.nan
    predicted = np.stack([BODY, BODY + np.array([3.0, 0.0])])
    hits = pck(predicted, truth, valid, FOUR)
    assert hits == JointHits(correct=(1, 0, 0, 1), measured=(2, 0, 1, 2))
    assert hits.share() == 0.4
    assert "pck_joint_1" not in hits.metrics()
    with pytest.raises(UserError, match=r"joints \[1\]: none was measured"):
        hits.share([1])


def test_the_torso_of_leeds_sports_pose_is_left_shoulder_to_right_hip():
    schema, joints = load_schema("lsp14"), np.zeros((1, 14, 2))
    joints[0, 9], joints[0, 2] = (3.0, 0.0), (0.0, 4.0)
    assert schema.reference_distance(joints, "torso") == [5.0]
    predicted = joints.copy()
    predicted[0, 13] += (0.0, 1.0)
    predicted[0, 12] += (0.0, 1.01)
    assert pck(predicted, joints, np.ones((1, 14), bool), schema).correct == (*[1] * 12, 0, 1)


def test_what_cannot_be_measured_is_refused():
    truth, valid = BODY[None], np.ones((1, 4), bool)
    with pytest.raises(UserError, match=r"no torso distance; set `normalizer` to one of: inter_ocular, inter_pu"):
        load_schema("ibug68").reference_distance(np.zeros((1, 68, 2)), "torso")
    without = valid.copy()
    without[0, 3] = False
    with pytest.raises(UserError, match=r"lack a landmark among \[0, 3\]"):
        pck(truth, truth, without, FOUR)
    with pytest.raises(UserError, match="torso distance of 0"):
        pck(truth, truth * 0, valid, FOUR)


@given(
    moves=arrays(np.float64, (6, 4, 2), elements=st.floats(-5, 5)),
    size=st.floats(0.01, 100),
    cut=st.integers(0, 6),
    thresholds=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)),
)
def test_parts_add_up_and_neither_scale_nor_order_matters(moves, size, cut, thresholds):
    truth, valid = np.stack([BODY] * 6), np.ones((6, 4), bool)
    low, high = sorted(thresholds)
    # A joint on the very edge may fall to either side by rounding; nobody is to ask for it.
    off = np.linalg.norm(moves, axis=-1)
    moves = moves * np.where(np.abs(off - low * 10) < 1e-6, 0, 1)[..., None]

    def count(rows, scale=1.0, threshold=low):
        return pck((truth + moves)[rows] * scale, truth[rows] * scale, valid[rows], FOUR, threshold)

    whole = count(slice(None))
    assert count(slice(None), size) == whole
    assert count(slice(None, None, -1)) == whole
    first, second = (slice(None, cut), slice(cut, None))
    if 0 < cut < 6:
        assert count(first) + count(second) == whole
    wider = count(slice(None), threshold=high)
    assert all(a <= b for a, b in zip(whole.correct, wider.correct, strict=True))
    assert 0 <= whole.share() <= wider.share() <= 1
