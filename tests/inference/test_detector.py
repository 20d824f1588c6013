"""The detector, and the way from its squares to the landmarks' boxes."""

from dataclasses import astuple

import cv2
import numpy as np
import pytest

from facealign.config import UserError
from facealign.inference.detector import cascade, detector_for
from facealign.inference.detector_box import RULES, BoxRule, fitted

SQUARES = np.array([[0.0, 0, 10, 10], [20, 30, 60, 70], [5, 5, 105, 105]])


def test_a_rule_by_hand():
    (box,) = BoxRule(right=0.1, down=-0.2, width=2.0, height=0.5).landmark_boxes(np.array([[10.0, 10, 30, 30]]))
    np.testing.assert_allclose(box, [2, 11, 42, 21])


def test_a_rule_is_found_again_though_some_faces_are_odd():
    rule = BoxRule(right=0.02, down=0.15, width=0.9, height=0.8)
    squares = np.concatenate([SQUARES] * 3)
    boxes = rule.landmark_boxes(squares)
    boxes[0] += 50
    found = fitted(squares, boxes)
    np.testing.assert_allclose(astuple(found), astuple(rule))


def test_landmarks_that_were_not_measured_have_no_rule():
    with pytest.raises(UserError, match="landmarks aflw19 has not been measured"):
        detector_for("aflw19")


@pytest.mark.parametrize("rule", RULES.values())
def test_the_rules_move_the_box_down_to_the_chin(rule):
    assert 0.05 < rule.down < 0.3
    assert abs(rule.right) < 0.05
    assert 0.7 < rule.width < 1.1
    assert 0.7 < rule.height < 1.1


def test_without_a_detector_it_says_what_to_install(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")  # as OpenCV 5 is
    with pytest.raises(UserError, match=r"opencv-python-headless<5.*or give the boxes"):
        cascade()


@pytest.mark.real
@pytest.mark.thorough
def test_most_faces_of_300w_are_found_with_about_the_box_of_their_landmarks(real_data):
    from facealign.data.config import DataConfig
    from facealign.geometry import landmark_box
    from facealign.inference.tracks import overlaps

    source = DataConfig(source="300w", root=str(real_data / "300W"), landmarks="ibug68").open_source()
    find, shares = detector_for("ibug68"), []
    for sample in list(source.samples())[-10:]:
        record = source.load(sample)
        found = overlaps(landmark_box(record.points)[None], find(record.image).reshape(-1, 4))
        shares.append(found.max(initial=0.0))
    assert np.mean(np.array(shares) > 0.5) >= 0.7
