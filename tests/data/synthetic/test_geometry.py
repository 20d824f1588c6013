"""The head's geometry: mirror symmetry, the contour as silhouette, self-occlusion, expressions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.data.synthetic import SCHEMAS
from facealign.data.synthetic.face import place_face
from facealign.data.synthetic.landmarks import read_landmarks
from facealign.data.synthetic.person import Expression, Identity
from facealign.data.synthetic.projection import Pose, rotation_of
from facealign.geometry import load_schema

CENTER = np.array([127.5, 127.5])
angle = st.floats(-50, 50)


AHEAD, CALM = Pose(), Expression()


def place(pose=AHEAD, expression=CALM):
    return place_face(Identity(), expression, pose, CENTER, 160.0)


def mirrored(points, schema):
    return (points * [-1, 1] + [255, 0])[list(load_schema(schema).flip)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_neutral_face_is_its_own_mirror_image(schema):
    points = read_landmarks(schema, place().curves)
    assert np.allclose(mirrored(points, schema), points, atol=1e-6)


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(max_examples=25, deadline=None)
@given(yaw=angle, pitch=st.floats(-25, 25), roll=st.floats(-30, 30))
def test_turning_the_other_way_mirrors_the_landmarks(schema, yaw, pitch, roll):
    one = read_landmarks(schema, place(Pose(yaw=yaw, pitch=pitch, roll=roll)).curves)
    other = read_landmarks(schema, place(Pose(yaw=-yaw, pitch=pitch, roll=-roll)).curves)
    assert np.allclose(mirrored(one, schema), other, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(yaw=angle, pitch=angle, roll=angle)
def test_a_pose_is_a_rotation(yaw, pitch, roll):
    matrix = rotation_of(Pose(yaw=yaw, pitch=pitch, roll=roll))
    assert np.allclose(matrix @ matrix.T, np.eye(3))
    assert np.isclose(np.linalg.det(matrix), 1)


def test_positive_angles_turn_as_documented():
    nose = np.array([0.0, 0.0, 1.0])
    assert (rotation_of(Pose(yaw=30)) @ nose)[0] > 0.4
    assert (rotation_of(Pose(pitch=30)) @ nose)[1] > 0.4
    right = np.array([1.0, 0.0, 0.0])
    assert (rotation_of(Pose(roll=30)) @ right)[1] > 0.4  # y points down: clockwise as seen


@settings(max_examples=20, deadline=None)
@given(yaw=st.floats(-60, 60))
def test_contour_landmarks_are_the_outermost_of_the_skull(yaw):
    face = place(Pose(yaw=yaw))
    heights = np.linspace(0.2, 1.2, 7)
    sines = np.sin(np.radians(np.linspace(-82, 82, 2001)))
    x = face.surface.half_width(heights)[:, None] * sines
    y = np.broadcast_to(heights[:, None], x.shape)
    skull = face.projection.project(np.stack([x, y, face.surface.skull(sines, y)], axis=-1))
    contour = face.curves["contour"]
    for row in skull:  # without pitch and roll a parallel stays at one height of the image
        height = row[0, 1]
        left = np.interp(height, contour[:17, 1], contour[:17, 0])
        right = np.interp(height, contour[16:, 1][::-1], contour[16:, 0][::-1])
        assert abs(row[:, 0].min() - left) < 0.8
        assert abs(row[:, 0].max() - right) < 0.8


def test_the_far_side_is_hidden_when_the_head_turns():
    assert not read_landmarks("wflw98", place().hidden).any()
    hidden = read_landmarks("wflw98", place(Pose(yaw=60)).hidden)
    assert hidden[68:76].any()  # the subject's left eye is at the far side
    assert not hidden[60:68].any()


def test_expressions_move_their_landmarks():
    rest = read_landmarks("wflw98", place().curves)
    unit = load_schema("wflw98").reference_distance(rest, "inter_ocular")

    def gap(points, upper, lower):
        return np.linalg.norm(points[upper] - points[lower]) / unit

    opened = read_landmarks("wflw98", place(expression=Expression(mouth_open=1)).curves)
    closed = read_landmarks("wflw98", place(expression=Expression(lid_right=0.05, lid_left=0.05)).curves)
    raised = read_landmarks("wflw98", place(expression=Expression(brow_raise=1)).curves)
    assert gap(opened, 90, 94) > gap(rest, 90, 94) + 0.15
    assert gap(closed, 62, 66) < 0.2 * gap(rest, 62, 66)
    assert gap(raised, 35, 62) > gap(rest, 35, 62) + 0.04


def test_the_box_has_the_size_and_place_asked_for():
    points = read_landmarks("wflw98", place(Pose(yaw=20, roll=10)).curves)
    low, high = points.min(axis=0), points.max(axis=0)
    assert np.allclose((low + high) / 2, CENTER, atol=1.5)
    assert np.isclose((high - low).max(), 160, atol=3)
