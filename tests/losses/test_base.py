"""What every heatmap loss must keep."""

import pytest
import torch

from facealign.losses import LOSSES, LossChoice
from facealign.losses import base as losses_base

NAMES = list(LOSSES)


def maps(batch=3, channels=4, side=6, dtype=torch.float64):
    target = torch.rand(batch, channels, side, side, dtype=dtype)
    weights = 1 + 10 * (torch.rand_like(target) > 0.5).to(dtype)
    return (target + 0.4 * torch.randn_like(target)).requires_grad_(), target, weights


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative(name):
    prediction, target, weights = maps(2, 2, 3)
    loss = LossChoice(name=name).build()
    assert torch.autograd.gradcheck(lambda p: loss.per_map(p, target, weights), (prediction,))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("at_once", [1, 100, 1 << 20])
def test_per_map_is_the_mean_of_weighted_pixels_however_they_are_cut(name, at_once, monkeypatch):
    monkeypatch.setattr(losses_base, "ELEMENTS_AT_ONCE", at_once)
    prediction, target, weights = maps()
    loss = LossChoice(name=name).build()
    value, _ = loss.value_and_slope(prediction - target, target)
    torch.testing.assert_close(loss.per_map(prediction, target, weights), (value * weights).mean((2, 3)))
    torch.testing.assert_close(loss.per_map(prediction, target), value.mean((2, 3)))


@pytest.mark.parametrize("name", NAMES)
def test_equal_maps_have_no_loss_and_a_zero_gradient(name):
    _, target, weights = maps(dtype=torch.float32)
    prediction = target.clone().requires_grad_()
    loss = LossChoice(name=name).build().per_map(prediction, target, weights)
    loss.sum().backward()
    assert loss.eq(0).all()
    assert prediction.grad.eq(0).all()


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_and_channels_last_predictions(name):
    prediction, target, weights = maps(dtype=torch.float32)
    low = prediction.detach().bfloat16().contiguous(memory_format=torch.channels_last).requires_grad_()
    loss = LossChoice(name=name).build()
    with torch.autocast("cpu", torch.bfloat16):
        value = loss.per_map(low, target, weights)
    value.sum().backward()
    assert value.dtype == torch.float32
    assert low.grad.dtype == torch.bfloat16
    torch.testing.assert_close(value, loss.per_map(low.float(), target, weights))
