import numpy as np
import torch
from scipy.ndimage import correlate

from facealign.models.adnet import MaxBlurPool


def test_maxima_blurred_with_1_2_1_at_every_second_pixel():
    features = torch.rand(1, 2, 8, 12)
    got = MaxBlurPool(2)(features)
    binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16
    for channel in range(2):
        image = features[0, channel].numpy()
        maxima = np.max([image[:-1, :-1], image[:-1, 1:], image[1:, :-1], image[1:, 1:]], axis=0)
        blurred = correlate(maxima, binomial, mode="mirror")
        np.testing.assert_allclose(got[0, channel].numpy(), blurred[::2, ::2], rtol=1e-5)


def test_features_stay_where_they_are():
    """A ramp's value is its place: output j stands for pixels 2j and 2j + 1, and the maxima add half a pixel."""
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    got = MaxBlurPool(1)(ramp)[0, 0, 4]
    torch.testing.assert_close(got[1:-1] - 0.5, 2 * torch.arange(1.0, 7) + 0.5)


def test_an_odd_shift_changes_it_less_than_max_pooling():
    image = torch.nn.functional.avg_pool2d(torch.rand(4, 3, 70, 70), 3, stride=1)
    change = [
        (pool(image[..., 1:65]) - pool(image[..., :64])).abs().mean()
        for pool in (MaxBlurPool(3), torch.nn.MaxPool2d(2))
    ]
    assert change[0] < change[1]


def test_constants_are_kept_and_nothing_is_saved():
    pool = MaxBlurPool(3)
    assert MaxBlurPool(3)(torch.full((2, 3, 8, 8), 0.7)).allclose(torch.tensor(0.7))
    assert not pool.state_dict()
