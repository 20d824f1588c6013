import math

import pytest
import torch
from pydantic import ValidationError

from facealign.losses import LossChoice
from facealign.losses.awing import AWingLoss

PARAMS = [{}, {"alpha": 2.3, "omega": 10.0, "epsilon": 0.5, "theta": 0.3}, {"epsilon": 2.0, "theta": 0.7}]


def equation_3(y, y_hat, alpha=2.1, omega=14.0, epsilon=1.0, theta=0.5):
    """Eq. 3 of the paper, word for word, for one pixel."""
    power = alpha - y
    if abs(y - y_hat) < theta:
        return omega * math.log(1 + abs((y - y_hat) / epsilon) ** power)
    a = omega * (1 / (1 + (theta / epsilon) ** power)) * power * ((theta / epsilon) ** (power - 1)) * (1 / epsilon)
    c = theta * a - omega * math.log(1 + (theta / epsilon) ** power)
    return a * abs(y - y_hat) - c


def loss(**params):
    return AWingLoss(AWingLoss.Config(**params))


def slope_at(error, y, **params):
    tensors = torch.tensor([error], dtype=torch.float64), torch.tensor([y], dtype=torch.float64)
    return loss(**params).value_and_slope(*tensors)[1].item()


@pytest.mark.parametrize("params", PARAMS)
def test_it_is_equation_3(params):
    targets = torch.rand(400, dtype=torch.float64)
    predictions = targets + torch.randn(400, dtype=torch.float64)
    value, _ = loss(**params).value_and_slope(predictions - targets, targets)
    expected = [equation_3(*pair, **params) for pair in zip(targets.tolist(), predictions.tolist(), strict=True)]
    torch.testing.assert_close(value, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_float32_is_accurate_for_small_errors_too():
    targets = torch.rand(1000)
    errors = torch.logspace(-6, 1, 1000)
    exact = loss().value_and_slope(errors.double(), targets.double())
    single = loss().value_and_slope(errors, targets)
    for got, expected in zip(single, exact, strict=True):
        torch.testing.assert_close(got.double(), expected, rtol=2e-5, atol=0)


@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_value_and_slope_are_continuous_at_theta(params, y):
    theta = loss(**params).config.theta
    below, above = (
        [t.item() for t in loss(**params).value_and_slope(*torch.tensor([[theta + d], [y]], dtype=torch.float64))]
        for d in (-1e-9, 1e-9)
    )
    assert below == pytest.approx(above, rel=1e-6)


@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_no_error_no_loss_no_slope(y):
    value, slope = loss().value_and_slope(torch.zeros(1), torch.tensor([y]))
    assert value.item() == 0.0
    assert slope.item() == 0.0
    assert abs(slope_at(1e-30, y)) < 1.0


def test_background_behaves_like_mse_and_a_landmark_like_wing():
    assert slope_at(0.01, 0.0) / slope_at(0.001, 0.0) == pytest.approx(10**1.1, rel=0.01)
    assert slope_at(0.01, 1.0) / slope_at(0.001, 1.0) < 1.3
    assert slope_at(0.01, 1.0) > 50 * slope_at(0.01, 0.0)
    assert slope_at(5.0, 0.4) == slope_at(0.5, 0.4)
    assert slope_at(-0.2, 0.4) == -slope_at(0.2, 0.4)


def test_settings_that_cannot_be():
    with pytest.raises(ValidationError, match="greater than 2"):
        AWingLoss.Config(alpha=2.0)
    with pytest.raises(ValueError, match=r"loss 'awing': omgea: .*it takes: alpha, omega, epsilon, theta"):
        LossChoice(params={"omgea": 1.0})
    with pytest.raises(ValueError, match="unknown loss 'wink'; known are: awing, mse, wing"):
        LossChoice(name="wink")
    assert LossChoice(params={"omega": 10.0}).build().config.omega == 10.0
