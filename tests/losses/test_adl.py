import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.geometry import load_schema
from facealign.losses.adl import ADLSettings, AnisotropicDirectionLoss
from facealign.losses.edge_normals import Normals

IBUG = load_schema("ibug68")
KNEE = 0.01


def loss(name="smooth_adl1", **settings):
    return AnisotropicDirectionLoss(ADLSettings(name=name, **settings), IBUG)


def equation(name, error, normal, strength):
    """Eqs. 1–4 for one landmark; the knee where the module docstring puts it."""
    if not name.startswith(("adl", "smooth_adl")):
        strength = 1.0
    (ex, ey), (nx, ny) = error, normal
    tx, ty = 0 * nx + 1 * ny, -1 * nx + 0 * ny  # Eq. 6
    normal_error, tangent_error = nx * ex + ny * ey, tx * ex + ty * ey
    adl2 = 2 * strength / (1 + strength) * normal_error**2 + 2 / (1 + strength) * tangent_error**2
    adl1 = math.sqrt(adl2)
    if name.endswith("2"):
        return adl2
    if not name.startswith("smooth"):
        return adl1
    return adl2 / (2 * KNEE) if adl1 < KNEE else adl1 - KNEE / 2


NAMES = ["smooth_adl1", "adl1", "adl2", "smooth_l1", "l1", "l2"]


def draw(count=200, scale=0.03, seed=0):
    generator = torch.Generator().manual_seed(seed)
    error = scale * torch.randn(1, count, 2, dtype=torch.float64, generator=generator)
    angle = 7 * torch.rand(1, count, dtype=torch.float64, generator=generator)
    normal = torch.stack([angle.cos(), angle.sin()], dim=-1)
    strength = 0.5 + 8 * torch.rand(1, count, dtype=torch.float64, generator=generator)
    return error, normal, strength


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [0.003, 0.03, 1.0])
def test_it_is_the_papers_equation(name, scale):
    error, normal, strength = draw(scale=scale)
    if "adl" not in name:
        strength = torch.ones_like(strength)
    got = loss(name)(error, normal, strength)
    expected = [
        equation(name, *row)
        for row in zip(error[0].tolist(), normal[0].tolist(), strength[0].tolist(), strict=True)
    ]
    torch.testing.assert_close(got[0], torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_gradient(name):
    error, normal, strength = draw(40)
    assert torch.autograd.gradcheck(lambda e: loss(name)(e, normal, strength), (error.requires_grad_(),))


@settings(deadline=None)
@given(
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
    st.floats(0, 7),
)
def test_with_lambda_1_it_is_smooth_l1_of_the_length_whatever_the_normal(ex, ey, angle):
    error = torch.tensor([[[ex, ey]]], dtype=torch.float64)
    normal = torch.tensor([[[math.cos(angle), math.sin(angle)]]], dtype=torch.float64)
    length = math.hypot(ex, ey)
    expected = torch.nn.functional.huber_loss(
        torch.tensor(length, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64), delta=KNEE
    )
    got = loss()(error, normal, torch.ones(1, 1, dtype=torch.float64))
    assert got.item() == pytest.approx(expected.item() / KNEE, rel=1e-9, abs=1e-15)


def test_lambda_2_weighs_the_normal_by_4_thirds_and_the_tangent_by_2_thirds():
    error = torch.tensor([[[0.3, 0.0], [0.0, 0.3]]], dtype=torch.float64)
    normal = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]], dtype=torch.float64)
    got = loss("adl2")(error, normal, torch.full((1, 2), 2.0, dtype=torch.float64)) / 0.09
    torch.testing.assert_close(got[0], torch.tensor([4 / 3, 2 / 3], dtype=torch.float64))


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0, 9.0])
@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8)])
def test_value_and_slope_are_continuous_at_the_knee(strength, direction):
    normal = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)
    weights = torch.tensor([2 * strength / (1 + strength), 2 / (1 + strength)], dtype=torch.float64)
    along = torch.tensor(direction, dtype=torch.float64)
    at_knee = KNEE / (weights * along**2).sum().sqrt() * along

    def at(share):
        error = (at_knee * share).view(1, 1, 2).requires_grad_()
        value = loss()(error, normal, torch.full((1, 1), strength, dtype=torch.float64))
        return value.item(), torch.autograd.grad(value.sum(), error)[0]

    (below, slope_below), (above, slope_above) = at(1 - 1e-9), at(1 + 1e-9)
    assert below == pytest.approx(above, rel=1e-7)
    assert below == pytest.approx(KNEE / 2, rel=1e-7)
    torch.testing.assert_close(slope_below, slope_above, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_no_error_no_loss_and_a_finite_gradient(name, dtype):
    error = torch.tensor([[[0.0, 0.0], [1e-30, 0.0], [0.5, -1.0]]]).to(dtype).requires_grad_()
    normal, strength = torch.tensor([[[1.0, 0.0]] * 3]), torch.full((1, 3), 2.0)
    value = loss(name)(error, normal, strength)
    value.sum().backward()
    assert value.dtype == torch.promote_types(dtype, torch.float32)
    assert value[0, 0] == 0
    assert error.grad[0, 0].eq(0).all()
    assert value.isfinite().all()
    assert error.grad.isfinite().all()


def test_autocast_changes_nothing():
    error, normal, strength = (tensor.float() for tensor in draw())
    with torch.autocast("cpu", torch.bfloat16):
        cast = loss()(error, normal, strength)
    assert torch.equal(cast, loss()(error, normal, strength))


def some_normals(known):
    known = torch.tensor([known])
    return Normals(torch.nn.functional.normalize(torch.randn(*known.shape, 2), dim=-1), known)


def test_lambda_is_1_where_the_direction_is_unknown_and_in_the_isotropic_losses():
    known = [i % 3 > 0 for i in range(68)]
    centers = torch.zeros(1, 68, 2)
    got = loss(anisotropy={"value": 4.0}).anisotropy(some_normals(known), None, centers)
    assert got[0].tolist() == [4.0 if there else 1.0 for there in known]
    for name in ("smooth_l1", "l1", "l2"):
        assert loss(name, anisotropy={"value": 4.0}).anisotropy(some_normals(known), None, centers).eq(1).all()


def test_adaptive_lambda_needs_a_mask():
    with pytest.raises(ValueError, match="needs an attention mask"):
        loss(anisotropy={"strategy": "adaptive"}).anisotropy(
            some_normals([True] * 68), None, torch.zeros(1, 68, 2)
        )
