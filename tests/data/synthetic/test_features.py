"""What is painted lies where the landmarks say."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facealign.data.synthetic.appearance import sample_appearance
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import place_face
from facealign.data.synthetic.features import paint_eye, paint_mouth
from facealign.data.synthetic.landmarks import read_landmarks
from facealign.data.synthetic.occluders import occlude
from facealign.data.synthetic.person import Expression, Identity
from facealign.data.synthetic.projection import Pose

POSES = [Pose(), Pose(yaw=25, roll=15), Pose(yaw=-30, pitch=10, roll=-20)]
LOOK = replace(sample_appearance(Chances(0, 0)), make_up=False)


def face_at(pose, expression):
    return place_face(Identity(), expression, pose, np.array([128.3, 126.6]), 190.0)


def centroid(weight):
    rows, columns = np.indices(weight.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize(("side", "index"), [("right", 96), ("left", 97)])
def test_the_pupil_is_painted_at_its_landmark(pose, side, index):
    face = face_at(pose, Expression(lid_right=1.3, lid_left=1.3))
    canvas = np.full((256, 256, 3), 200, np.uint8)
    paint_eye(canvas, face, LOOK, side)
    landmark = read_landmarks("wflw98", face.curves)[index]
    column, row = np.rint(landmark).astype(int)
    assert canvas[row, column].max() < 40
    black = (canvas.max(axis=2) <= 12).astype(float)  # darker than lashes
    assert np.linalg.norm(centroid(black) - landmark) < 1.3  # the highlight takes a bite out of the pupil


@pytest.mark.parametrize("pose", POSES)
def test_lip_landmarks_lie_on_the_edge_of_what_is_painted(pose):
    face = face_at(pose, Expression(mouth_open=0.5))
    canvas = np.full((256, 256, 3), 255, np.uint8)
    paint_mouth(canvas, face, replace(LOOK, lips=(0, 0, 0)))
    mouth = (canvas.min(axis=2) < 128).astype(np.uint8)
    mouth = cv2.morphologyEx(mouth, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))  # teeth are bright
    edge = cv2.findContours(mouth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0]
    for landmark in read_landmarks("wflw98", face.curves)[76:88]:
        assert np.linalg.norm(edge[:, 0] - landmark, axis=1).min() < 1.5


def test_occluders_cover_exactly_what_their_mask_says():
    face = face_at(Pose(), Expression())
    for index in range(40):
        before = np.full((256, 256, 3), 77, np.uint8)
        after = before.copy()
        mask = occlude(after, face, LOOK, Chances(1, index))
        same = (after == before).all(axis=2)
        assert not (same & (mask == 255)).any()
