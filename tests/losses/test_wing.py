import math

import pytest
import torch
from pydantic import ValidationError

from facealign.losses import LossChoice

PARAMS = [{}, {"omega": 0.5, "epsilon": 0.1}, {"omega": 2.0, "epsilon": 3.0}]


def equation_2(y, y_hat, omega=10.0, epsilon=2.0):
    """Eq. 2 of AWing's paper, word for word, for one pixel."""
    c = omega - omega * math.log(1 + omega / epsilon)
    if abs(y - y_hat) < omega:
        return omega * math.log(1 + abs((y - y_hat) / epsilon))
    return abs(y - y_hat) - c


def at(error, **params):
    """Value and slope of one pixel."""
    loss = LossChoice(name="wing", params=params).build()
    error = torch.tensor([error], dtype=torch.float64)
    return tuple(one.item() for one in loss.value_and_slope(error, torch.zeros_like(error)))


@pytest.mark.parametrize("params", PARAMS)
def test_it_is_equation_2(params):
    targets = torch.rand(400, dtype=torch.float64)
    predictions = targets + 4 * torch.randn(400, dtype=torch.float64)
    value, _ = LossChoice(name="wing", params=params).build().value_and_slope(predictions - targets, targets)
    expected = [equation_2(*pair, **params) for pair in zip(targets.tolist(), predictions.tolist(), strict=True)]
    torch.testing.assert_close(value, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("omega", "epsilon"), [(10.0, 2.0), (0.5, 0.1)])
def test_at_omega_the_value_is_continuous_and_the_slope_jumps(omega, epsilon):
    below, above = (at(omega + d, omega=omega, epsilon=epsilon) for d in (-1e-9, 1e-9))
    assert below[0] == pytest.approx(above[0], rel=1e-7)
    assert below[1] == pytest.approx(omega / (omega + epsilon), rel=1e-7)
    assert above[1] == 1.0


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_smallest_error_has_the_steepest_slope(sign):
    assert at(0.0) == (0.0, 0.0)
    assert at(sign * 1e-12)[1] == pytest.approx(sign * 10 / 2)
    assert sign * at(sign * 0.1)[1] < 10 / 2


def test_awing_tends_to_it_on_a_landmark():
    """α = 2 + δ and y = 1: the power of Eq. 3 is 1 + δ, and its curve Eq. 2's."""
    awing = LossChoice(name="awing", params={"alpha": 2 + 1e-9, "omega": 10, "epsilon": 2, "theta": 5}).build()
    errors = torch.linspace(0.01, 4.9, 50, dtype=torch.float64)
    expected = [at(error)[0] for error in errors.tolist()]
    value, _ = awing.value_and_slope(errors, torch.ones_like(errors))
    torch.testing.assert_close(value, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=0)


def test_settings_that_cannot_be():
    with pytest.raises(ValidationError, match=r"loss 'wing': omega: .*greater than 0.*it takes: omega, epsilon"):
        LossChoice(name="wing", params={"omega": 0})
