"""What every loss of coordinates must keep."""

import pytest
import torch

from facealign.geometry import load_schema
from facealign.losses.coordinates import COORDINATE_LOSSES, CoordinateLossChoice, coordinate_errors

NAMES = list(COORDINATE_LOSSES)
SCHEMA = load_schema("cofw29")


def faces(dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = 200 * torch.rand(3, 29, 2, dtype=dtype, generator=generator)
    # Both sides of every branch, and none on one.
    errors = 30 * (torch.rand(3, 29, 2, dtype=dtype, generator=generator) - 0.5) ** 3 * 40 + 0.013
    return errors, shape, torch.ones(3, 29, dtype=torch.bool)


def build(name):
    return CoordinateLossChoice(name=name).build(SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_value(name):
    errors, shape, valid = faces()
    loss = build(name)
    assert torch.autograd.gradcheck(lambda e: loss.per_landmark(e, shape, valid), (errors.requires_grad_(),))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_error_no_loss_and_no_slope(name, dtype):
    _, shape, valid = faces(dtype)
    errors = torch.zeros(3, 29, 2, dtype=dtype, requires_grad=True)
    losses = build(name).per_landmark(errors, shape, valid)
    losses.sum().backward()
    assert losses.dtype == dtype
    assert losses.eq(0).all()
    assert errors.grad.eq(0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_error_never_costs_less_and_its_sign_does_not_matter(name):
    _, shape, valid = faces()
    steps = torch.linspace(0, 100, 400, dtype=torch.float64)
    direction = torch.tensor([0.6, -0.8], dtype=torch.float64)
    loss = build(name)

    def along(sign):
        return torch.stack(
            [
                loss.per_landmark((sign * step * direction).expand(1, 29, 2), shape[:1], valid[:1])[0]
                for step in steps
            ]
        )

    assert (along(1).diff(dim=0) > 0).all()
    torch.testing.assert_close(along(-1), along(1))


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_accurate_from_tiny_to_huge_errors(name):
    shape, valid = faces()[1:]
    errors = (torch.logspace(-6, 4, 29, dtype=torch.float64)[None, :, None] * torch.tensor([1.0, -0.7])).double()
    loss = build(name)
    exact = loss.per_landmark(errors, shape[:1], valid[:1])
    single = loss.per_landmark(errors.float(), shape[:1].float(), valid[:1])
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_landmarks_disturb_no_other(name):
    errors, shape, valid = faces()
    valid = valid.clone()
    valid[:, ::4] = False
    errors = coordinate_errors(shape + errors, shape, valid, image_size=256)
    loss = build(name)
    moved = torch.where(valid[..., None], shape, 1e4)
    before, after = (loss.per_landmark(errors, where, valid)[valid] for where in (shape, moved))
    assert torch.equal(before, after)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_errors_are_in_pixels_of_256_and_at_least_float32(dtype):
    predicted = torch.full((1, 2, 2), 12.0, dtype=dtype)
    true = torch.tensor([[[10.0, 8.0], [0.0, 0.0]]])
    valid = torch.tensor([[True, False]])
    errors = coordinate_errors(predicted, true, valid, image_size=128)
    assert errors.dtype == torch.float32
    assert errors.tolist() == [[[4.0, 8.0], [0.0, 0.0]]]


def test_mistakes_in_the_choice_are_named():
    with pytest.raises(ValueError, match="unknown coordinate loss 'wings'; known are: anisotropic, awing, l1, l2"):
        CoordinateLossChoice(name="wings")
    with pytest.raises(
        ValueError, match=r"coordinate loss 'wing': omega: .*greater than 0.*it takes: omega, epsilon"
    ):
        CoordinateLossChoice(name="wing", params={"omega": -1.0})
