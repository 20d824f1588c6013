"""Faces followed through a video, and their landmarks smoothed."""

import math

import numpy as np
import pytest

from facealign.inference import Face
from facealign.inference.one_euro import OneEuro, OneEuroSettings
from facealign.inference.tracks import Tracks, matched, overlaps

RATE = 25.0
POINTS = np.random.default_rng(0).uniform(0, 100, (68, 2))


def test_the_second_frame_by_hand():
    smooth = OneEuro(OneEuroSettings(min_cutoff=1.0, beta=0.5, speed_cutoff=2.0), RATE)
    smooth(np.array([[10.0, 20.0]]), side=40.0)
    found = smooth(np.array([[13.0, 24.0]]), side=40.0)
    share_of_speed = 1 / (1 + RATE / (2 * math.pi * 2.0))
    speed = share_of_speed * np.hypot(3, 4) * RATE / 40
    share = 1 / (1 + RATE / (2 * math.pi * (1.0 + 0.5 * speed)))
    np.testing.assert_allclose(found, [[10 + 3 * share, 20 + 4 * share]])


def test_what_stands_still_trembles_less_and_stays_where_it_is():
    random = np.random.default_rng(1)
    smooth = OneEuro(OneEuroSettings(), RATE)
    found = np.array([smooth(POINTS + random.normal(0, 0.5, POINTS.shape), side=100.0) for _ in range(200)])[50:]
    tremble = np.abs(np.diff(found, axis=0)).mean()
    assert tremble < 0.5 * np.abs(np.diff(random.normal(0, 0.5, found.shape), axis=0)).mean()
    np.testing.assert_allclose(found.mean(axis=0), POINTS, atol=0.3)


@pytest.mark.parametrize("side", [50.0, 200.0])
def test_speeds_are_in_sides_of_the_box(side):
    """The same motion of a face twice as near is filtered the same."""
    paths = [
        np.cumsum(np.full((10, 1, 2), step * factor), axis=0) for step, factor in ((2.0, 1.0), (2.0, side / 50))
    ]
    ends = []
    for path, of in zip(paths, (50.0, side), strict=True):
        smooth = OneEuro(OneEuroSettings(), RATE)
        ends.append([smooth(points, of) for points in path][-1] / of)
    np.testing.assert_allclose(ends[0], ends[1])


def test_a_higher_beta_lags_less():
    path = [np.array([[4.0 * i, 0.0]]) for i in range(30)]
    lags = []
    for beta in (0.0, 1.0, 10.0):
        smooth = OneEuro(OneEuroSettings(beta=beta), RATE)
        lags.append(path[-1][0, 0] - [smooth(points, 100.0) for points in path][-1][0, 0])
    assert lags[0] > lags[1] > lags[2] > 0


def test_overlaps_by_hand():
    boxes = np.array([[0.0, 0, 2, 2], [5, 5, 6, 6]])
    np.testing.assert_allclose(overlaps(boxes, np.array([[1.0, 0, 3, 2], [0, 0, 2, 2]])), [[1 / 3, 1], [0, 0]])
    assert matched(boxes, np.array([[1.0, 0, 3, 2], [0, 0, 2, 2]]), 0.2) == [(0, 1)]
    assert matched(np.empty((0, 4)), boxes, 0.2) == []


def _face(x):
    return Face(np.array([x, 0.0, x + 40, 40]), POINTS[:2] + np.array([x, 0.0]))


def test_faces_keep_their_numbers_while_they_move_and_cross_the_order():
    tracks = Tracks(RATE)
    assert [number for number, _ in tracks.frame([_face(0), _face(100)])] == [0, 1]
    assert [number for number, _ in tracks.frame([_face(96), _face(8)])] == [1, 0]
    assert [number for number, _ in tracks.frame([_face(300), _face(14)])] == [2, 0]
    assert [number for number, _ in tracks.frame([_face(98)])] == [1]


def test_who_was_away_too_long_is_somebody_else():
    tracks = Tracks(RATE)
    tracks.frame([_face(0)])
    for _ in range(20):
        tracks.frame([])
    assert [number for number, _ in tracks.frame([_face(0)])] == [1]


def test_each_face_has_its_own_filter():
    tracks = Tracks(RATE, lambda: OneEuro(OneEuroSettings(), RATE))
    tracks.frame([_face(0), _face(100)])
    ((_, one), (_, other)) = tracks.frame([_face(100), _face(4)])
    np.testing.assert_allclose(one.landmarks, _face(100).landmarks)
    assert 0 < (other.landmarks - _face(0).landmarks)[0, 0] < 4
