"""The separable losses against their equations, written out for one coordinate."""

import math

import pytest
import torch

from facealign.geometry import load_schema
from facealign.losses.coordinates import CoordinateLossChoice


def wing(x, omega=10.0, epsilon=2.0):
    """Feng et al., Eq. 5."""
    c = omega - omega * math.log(1 + omega / epsilon)
    return omega * math.log(1 + abs(x) / epsilon) if abs(x) < omega else abs(x) - c


def soft_wing(x, omega1=2.0, omega2=20.0, epsilon=0.5):
    """SCC, Eq. 9."""
    b = omega1 - omega2 * math.log(1 + omega1 / epsilon)
    return abs(x) if abs(x) < omega1 else omega2 * math.log(1 + abs(x) / epsilon) + b


def adaptive_wing(x, alpha=2.1, omega=14.0, epsilon=1.0, theta=0.5):
    """AWing, Eqs. 3 and its A and C, with y = 1."""
    p = alpha - 1
    if abs(x) < theta:
        return omega * math.log(1 + abs(x / epsilon) ** p)
    a = omega * (1 / (1 + (theta / epsilon) ** p)) * p * ((theta / epsilon) ** (p - 1)) * (1 / epsilon)
    return a * abs(x) - (theta * a - omega * math.log(1 + (theta / epsilon) ** p))


def smooth_l1(x, beta=1.0):
    """Fast R-CNN, Eq. 3, with a knee at β."""
    return 0.5 * x * x / beta if abs(x) < beta else abs(x) - 0.5 * beta


EQUATIONS = {
    "l1": abs,
    "l2": lambda x: x * x,
    "smooth_l1": smooth_l1,
    "wing": wing,
    "soft_wing": soft_wing,
    "awing": adaptive_wing,
}
PARAMETERS = [
    *((name, {}) for name in EQUATIONS),
    ("smooth_l1", {"beta": 3.0}),
    ("wing", {"omega": 20.0, "epsilon": 0.5}),
    ("soft_wing", {"omega1": 4.0, "omega2": 15.0, "epsilon": 1.5}),
    ("soft_wing", {"omega1": 0.0}),
    ("awing", {"alpha": 2.5, "omega": 8.0, "epsilon": 2.0, "theta": 3.0}),
]


def build(name, **params):
    return CoordinateLossChoice(name=name, params=params).build(load_schema("aflw19"))


def value_and_slope(name, x, **params):
    errors = torch.tensor([x], dtype=torch.float64, requires_grad=True)
    value = build(name, **params).value(errors)
    value.backward()
    return value.item(), errors.grad.item()


@pytest.mark.parametrize(("name", "params"), PARAMETERS)
def test_it_is_its_equation_summed_over_x_and_y(name, params):
    errors = 12 * torch.randn(50, 19, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = build(name, **params).per_landmark(errors, errors, torch.ones(50, 19, dtype=torch.bool))
    expected = [sum(EQUATIONS[name](x, **params) for x in pair) for pair in errors.flatten(0, 1).tolist()]
    expected = torch.tensor(expected, dtype=torch.float64).view(50, 19)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "params", "knee", "slopes"),
    [
        ("smooth_l1", {}, 1.0, (1.0, 1.0)),
        ("wing", {}, 10.0, (10 / 12, 1.0)),
        ("wing", {"omega": 20.0, "epsilon": 0.5}, 20.0, (20 / 20.5, 1.0)),
        ("soft_wing", {}, 2.0, (1.0, 8.0)),
        ("awing", {}, 0.5, None),
    ],
)
def test_values_join_at_the_knee_and_slopes_join_or_jump_as_stated(name, params, knee, slopes):
    (below, slope_below), (above, slope_above) = (
        value_and_slope(name, knee + step, **params) for step in (-1e-9, 1e-9)
    )
    assert below == pytest.approx(above, abs=1e-7)
    if slopes is None:
        assert slope_below == pytest.approx(slope_above, rel=1e-6)
    else:
        assert (slope_below, slope_above) == pytest.approx(slopes, rel=1e-6)


def test_soft_wing_at_the_papers_parameters():
    assert value_and_slope("soft_wing", 2.0)[0] == pytest.approx(2.0)
    offset = value_and_slope("soft_wing", 20.0)[0] - 20 * math.log(1 + 20.0 / 0.5)
    assert offset == pytest.approx(-30.1888, abs=1e-4)
    assert value_and_slope("soft_wing", -256.0)[1] == pytest.approx(-20 / 256.5)


def test_wing_without_a_curve_is_l1():
    errors = torch.linspace(-50, 50, 101, dtype=torch.float64)
    nearly = build("wing", omega=1e-9, epsilon=1.0).value(errors)
    torch.testing.assert_close(nearly, errors.abs(), atol=1e-8, rtol=0)
