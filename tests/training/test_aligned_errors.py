"""Errors are turned with their faces, whatever size, place and angle the faces have in their photos."""

import numpy as np
import pytest

from facealign.config import UserError
from facealign.evaluation.aligned_errors import aligned_errors
from facealign.geometry import load_schema
from facealign.training import Predictions

SCHEMA = load_schema("ibug68")


@pytest.fixture
def upright():
    """One face 60 times over, with errors in its own frame."""
    rng = np.random.default_rng(3)
    face = rng.uniform(-1, 1, (68, 2))
    face /= SCHEMA.reference_distance(face, "inter_ocular")
    return face, rng.normal(loc=(0.01, 0.0), scale=0.02, size=(60, 68, 2))


def in_photos(face, errors):
    rng = np.random.default_rng(4)
    turns, sizes, places = rng.uniform(-0.8, 0.8, 60), rng.uniform(40, 400, 60), rng.uniform(0, 4000, (60, 1, 2))
    turns -= turns.mean()
    cos, sin = np.cos(turns), np.sin(turns)
    linear = sizes[:, None, None] * np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], 1)
    truth = face @ linear + places
    valid = rng.uniform(size=(60, 68)) < 0.9
    valid[:, [36, 45]] = True
    return Predictions(
        predicted=truth + errors @ linear,
        truth=np.where(valid[..., None], truth, np.nan),
        valid=valid,
        to_photo=np.tile(np.eye(2, 3), (60, 1, 1)),
        ids=tuple(map(str, range(60))),
    )


def test_they_are_those_of_the_upright_face(upright):
    face, errors = upright
    found = aligned_errors(in_photos(face, errors), SCHEMA)
    # The mean face keeps the angle of the mean of the photos, which is that of the face only about.
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (found.mean_face, face - face.mean(axis=0)))
    turn = (z @ w.conj()) / abs(z @ w.conj())
    assert abs(np.angle(turn)) < 0.05
    np.testing.assert_allclose(z, turn * w, atol=1e-3)
    expected = (errors[..., 0] + 1j * errors[..., 1]) * turn
    np.testing.assert_allclose(
        found.errors[..., 0] + 1j * found.errors[..., 1], np.where(found.valid, expected, 0), atol=1e-4
    )


def test_a_landmark_without_truth(upright):
    predictions = in_photos(*upright)
    predictions.valid[:, 7] = False
    with pytest.raises(UserError, match=r"landmarks \[7\] have no truth on any of 60 faces"):
        aligned_errors(predictions, SCHEMA)
