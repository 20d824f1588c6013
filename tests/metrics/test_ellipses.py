import numpy as np
import pytest

from facealign.config import UserError
from facealign.geometry import load_schema
from facealign.metrics import Ellipses, angles_to_edges, error_ellipses

TURNS = np.array([0.7, -1.2, np.pi / 2, 0.0])


@pytest.fixture(scope="module")
def drawn():
    """20000 draws of four Gaussians of known axes, a fifth of them unknown, and what they are drawn from."""
    rng = np.random.default_rng(0)
    spreads = np.array([[0.05, 0.01], [0.03, 0.02], [0.04, 0.01], [0.03, 0.03]])
    along = np.stack([np.cos(TURNS), np.sin(TURNS)], 1)
    across = np.stack([-np.sin(TURNS), np.cos(TURNS)], 1)
    steps = rng.normal(size=(20000, 4, 2)) * spreads
    errors = steps[..., :1] * along + steps[..., 1:] * across + [0.2, -0.1]
    valid = rng.uniform(size=(20000, 4)) < 0.8
    return error_ellipses(np.where(valid[..., None], errors, np.nan), valid), spreads


def test_a_known_distribution_has_its_radii_angles_and_center(drawn):
    found, spreads = drawn
    np.testing.assert_allclose(found.radii, spreads, rtol=0.03)
    np.testing.assert_allclose(found.centers, np.tile([0.2, -0.1], (4, 1)), atol=2e-3)
    np.testing.assert_allclose(found.anisotropy, spreads[:, 0] / spreads[:, 1], rtol=0.03)
    off = (found.angles - TURNS + np.pi / 2) % np.pi - np.pi / 2
    np.testing.assert_allclose(off[:3], 0, atol=0.02)  # the last is round, and has no long axis


def test_a_landmark_that_is_always_hit_is_round():
    found = error_ellipses(np.zeros((3, 2, 2)), np.ones((3, 2), np.bool_))
    assert found.anisotropy.tolist() == [1, 1]


def test_a_landmark_that_is_hardly_ever_valid():
    with pytest.raises(UserError, match=r"landmarks \[1\] are known on fewer than two of 3 faces"):
        error_ellipses(np.zeros((3, 2, 2)), np.array([[True, True], [True, False], [True, False]]))


def test_angles_to_the_tangent_of_the_edge():
    schema = load_schema("ibug68")
    face = np.stack([np.arange(68.0), np.zeros(68)], 1)  # every edge is one level line
    slopes = np.radians([0, 30, -30, 90] * 17)
    found = angles_to_edges(Ellipses(np.zeros((68, 2)), np.ones((68, 2)), slopes), face, schema)
    np.testing.assert_allclose(found[:16], [0, 30, 30, 90] * 4, atol=1e-4)


def test_a_landmark_on_no_edge_has_no_angle():
    schema = load_schema("wflw98")
    rng = np.random.default_rng(1)
    ellipses = Ellipses(np.zeros((98, 2)), np.ones((98, 2)), np.zeros(98))
    found = angles_to_edges(ellipses, rng.uniform(size=(98, 2)), schema)
    assert np.flatnonzero(np.isnan(found)).tolist() == [96, 97]
