import numpy as np
import pytest

from facealign.config import UserError
from facealign.metrics import mean_interval, resampled_means

ERRORS = np.random.default_rng(0).gamma(4.0, 0.01, 400)


def test_the_spread_is_the_standard_error():
    """σ/√F, of which the bootstrap is an estimate."""
    assert resampled_means(ERRORS).std() == pytest.approx(ERRORS.std() / 20, rel=0.05)
    assert resampled_means(ERRORS).mean() == pytest.approx(ERRORS.mean(), rel=0.005)


def test_the_interval_holds_the_true_mean_as_often_as_it_says():
    """Of many samples from a known distribution; 95 % ± what 300 samples leave open."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        low, high = mean_interval(rng.gamma(4.0, 0.01, 100), repeats=400)
        held += low <= 0.04 <= high
    assert 0.90 <= held / 300 <= 0.98


def test_figures_of_the_same_faces_are_drawn_alike():
    """Side by side or one after the other, the same photos are drawn: differences stay paired."""
    both = np.stack([ERRORS, (ERRORS > 0.05).astype(float)], axis=1)
    np.testing.assert_allclose(resampled_means(both)[:, 1], resampled_means(both[:, 1]), rtol=1e-12)
    difference = resampled_means(both[:, 0]) - resampled_means(both[:, 1])
    np.testing.assert_allclose(difference, resampled_means(both[:, 0] - both[:, 1]), atol=1e-12)


def test_faces_of_one_photo_are_drawn_together():
    """Four equal faces a photo tell no more than one: the interval is that of the photos alone."""
    photos = [str(face // 4) for face in range(400)]
    alike = np.repeat(ERRORS[:100], 4)
    np.testing.assert_allclose(mean_interval(alike, photos), mean_interval(ERRORS[:100]), rtol=0.1)
    assert np.ptp(mean_interval(alike)) < 0.6 * np.ptp(mean_interval(alike, photos))


@pytest.mark.parametrize(("values", "photos"), [([], None), ([np.nan, 1.0], None), ([1.0, 2.0], ["a"])])
def test_what_cannot_be_drawn_from_is_refused(values, photos):
    with pytest.raises(UserError, match=r"at least one face|one for each face"):
        resampled_means(np.array(values), photos)
