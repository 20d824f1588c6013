import numpy as np
import pytest

from facealign.losses.ellipses import error_ellipses


def test_the_radii_of_a_known_distribution():
    rng = np.random.default_rng(0)
    spreads = np.array([[0.05, 0.01], [0.03, 0.03]])
    angles = np.array([0.7, 0.0])
    turn = np.stack(
        [np.stack([np.cos(angles), -np.sin(angles)], 1), np.stack([np.sin(angles), np.cos(angles)], 1)], 1
    )
    errors = np.einsum("nij,fnj->fni", turn, rng.normal(size=(20000, 2, 2)) * spreads) + 0.2
    valid = rng.uniform(size=(20000, 2)) < 0.8
    radii = error_ellipses(np.where(valid[..., None], errors, np.nan), valid)
    np.testing.assert_allclose(radii, spreads, rtol=0.02)


def test_a_landmark_that_is_hardly_ever_valid():
    with pytest.raises(ValueError, match=r"landmarks \[1\] have fewer than two"):
        error_ellipses(np.zeros((3, 2, 2)), np.array([[True, True], [True, False], [True, False]]))
