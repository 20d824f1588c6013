import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.targets import (
    HeatmapSettings,
    center_of_mass,
    crop_to_map,
    from_unit,
    gaussian_heatmaps,
    to_unit,
)

pixels = st.floats(-500, 500, width=32)


@settings(deadline=None)
@given(pixels, st.integers(1, 512))
def test_there_and_back(pixel, size):
    point = torch.tensor([pixel], dtype=torch.float64)
    torch.testing.assert_close(from_unit(to_unit(point, size), size), point)


@settings(deadline=None)
@given(pixels, st.sampled_from([16, 64, 256]))
def test_a_picture_and_its_map_share_the_frame(pixel, size):
    point = torch.tensor([pixel], dtype=torch.float64)
    torch.testing.assert_close(to_unit(crop_to_map(point, 4), size // 4), to_unit(point, size))


def test_its_borders_are_those_of_the_outer_pixels():
    assert to_unit(torch.tensor([-0.5, 7.5, 3.5]), 8).tolist() == [-1, 1, 0]


@pytest.mark.parametrize(("x", "y"), [(3, 5), (0, 0), (15, 2)])
def test_one_pixel_is_its_own_center(x, y):
    maps = torch.zeros(1, 1, 16, 16)
    maps[0, 0, y, x] = 0.3
    assert from_unit(center_of_mass(maps), 16)[0, 0].tolist() == pytest.approx([x, y], abs=1e-5)


def test_it_is_the_weighted_mean_of_the_pixels():
    maps = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    x, y = sum(
        maps[..., row, column, None] * torch.tensor([column, row], dtype=torch.float64)
        for row in range(8)
        for column in range(8)
    ).unbind(-1)
    expected = torch.stack([x, y], dim=-1) / maps.sum((2, 3))[..., None]
    torch.testing.assert_close(from_unit(center_of_mass(maps), 8), expected)


def test_gaussians_have_their_center_at_the_landmark():
    points = 16 + 32 * torch.rand(4, 5, 2)
    maps = gaussian_heatmaps(
        points, torch.ones(4, 5, dtype=torch.bool), 64, HeatmapSettings(sigma=1.5, form="continuous")
    )
    torch.testing.assert_close(from_unit(center_of_mass(maps), 64), points, atol=1e-4, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_an_empty_map_is_in_the_middle_and_large_ones_do_not_overflow(dtype):
    maps = torch.zeros(1, 2, 64, 64, dtype=dtype)
    maps[0, 1] = 60000
    maps.requires_grad_()
    centers = center_of_mass(maps)
    centers.sum().backward()
    assert centers.dtype == torch.float32
    torch.testing.assert_close(centers, torch.zeros(1, 2, 2), atol=1e-6, rtol=0)
    assert maps.grad.isfinite().all()
    assert maps.grad[0, 0].eq(0).all()


def test_gradient():
    maps = torch.rand(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(center_of_mass, (maps,))
