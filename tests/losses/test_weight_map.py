import numpy as np
import torch

from facealign.losses import WeightMapSettings, weight_map


def dilated(picture):
    """3×3 gray dilation, pixel by pixel."""
    out = np.empty_like(picture)
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            out[i, j] = picture[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].max()
    return out


def test_equations_4_and_5():
    target = torch.rand(2, 3, 9, 11) ** 12
    target[0, 0] = 0.0
    weights = weight_map(target, WeightMapSettings())
    expected = np.stack([[1 + 10 * (dilated(channel) >= 0.2) for channel in face] for face in target.numpy()])
    np.testing.assert_array_equal(weights.numpy(), expected)
    assert weights.dtype == target.dtype
    assert {1.0, 11.0} == set(weights.unique().tolist())


def test_the_baseline_grows_with_the_target():
    target = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(weight_map(target, WeightMapSettings(kind="linear", weight=3.0)), 1 + 3 * target)


def test_none_weighs_nothing():
    assert weight_map(torch.rand(1, 1, 4, 4), WeightMapSettings(kind="none")) is None
