import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.geometry import affine, load_schema
from facealign.targets import DecodeSettings, HeatmapSettings, crop_to_map, decode_heatmaps, gaussian_heatmaps
from facealign.targets.unwarp import map_between, warp_maps

SCHEMA = load_schema("cofw29")
SIZE, MAP = 128, 32


def view(degrees, scale, dx, dy, mirrored):
    """Photo pixels → crop pixels of one look at a face."""
    middle = ((SIZE - 1) / 2,) * 2
    return affine.compose(
        affine.flip_horizontal(SIZE) if mirrored else affine.identity(),
        affine.translation(dx, dy),
        affine.rotate_scale_about(middle, degrees, scale),
    )


views = st.tuples(
    st.floats(-30, 30), st.floats(0.85, 1.15), st.floats(-8, 8), st.floats(-8, 8), st.booleans()
).map(lambda numbers: view(*numbers))


def as_batch(matrix):
    return torch.from_numpy(matrix)[None]


def seen_in(photo_N2, matrix):
    """Landmarks in a view's crop pixels, identities exchanged where it mirrors."""
    moved = affine.apply(matrix, photo_N2)
    return moved[list(SCHEMA.flip)] if np.linalg.det(matrix[:, :2]) < 0 else moved


@settings(max_examples=40, deadline=None)
@given(first=views, second=views, seed=st.integers(0, 1000))
def test_points_and_maps_move_alike(first, second, seed):
    photo = np.random.default_rng(seed).uniform(44, 84, (SCHEMA.size, 2))
    here, there = (torch.from_numpy(seen_in(photo, matrix))[None] for matrix in (first, second))
    between = map_between(as_batch(affine.invert(first)), as_batch(affine.invert(second)), 4)

    moved = affine.apply(between[0].numpy(), crop_to_map(here[0], 4).numpy())
    mirrors = np.linalg.det(between[0, :, :2].numpy()) < 0
    expected = crop_to_map(there[0], 4).numpy()
    np.testing.assert_allclose(moved[list(SCHEMA.flip)] if mirrors else moved, expected, atol=1e-9)

    valid = torch.ones(1, SCHEMA.size, dtype=torch.bool)
    form = HeatmapSettings(form="continuous")
    maps = gaussian_heatmaps(crop_to_map(there.float(), 4), valid, MAP, form)
    warped, seen = warp_maps(maps, between, SCHEMA.flip)
    decoded = decode_heatmaps(warped, DecodeSettings(rule="local_soft_argmax"))
    assert seen.shape == (1, 1, MAP, MAP)
    # Bilinear interpolation flattens a peak, and the views' scales differ: tenths of a pixel, not whole ones.
    assert (decoded - crop_to_map(here.float(), 4)).norm(dim=-1).max() < 0.5


def test_the_same_view_is_left_as_it_is():
    maps = torch.rand(2, SCHEMA.size, MAP, MAP)
    to_photo = as_batch(affine.invert(view(10, 1.1, 3, -2, True))).expand(2, 2, 3)
    warped, seen = warp_maps(maps, map_between(to_photo, to_photo, 4), SCHEMA.flip)
    torch.testing.assert_close(warped, maps, atol=1e-4, rtol=0)
    assert seen[..., 1:-1, 1:-1].all()


@pytest.mark.parametrize("dx", [8, -8])
def test_what_the_other_view_does_not_show_is_marked(dx):
    still, shifted = affine.identity(), affine.translation(dx, 0)
    between = map_between(as_batch(affine.invert(still)), as_batch(affine.invert(shifted)), 4)
    warped, seen = warp_maps(torch.ones(1, SCHEMA.size, MAP, MAP), between, SCHEMA.flip)
    hidden = seen[0, 0].sum(0) == 0
    assert hidden.nonzero().flatten().tolist() == ([30, 31] if dx > 0 else [0, 1])
    assert warped[0, :, :, ~hidden].min() > 0.999


def test_gradients_pass_through():
    maps = torch.rand(1, SCHEMA.size, MAP, MAP, requires_grad=True)
    to_photo = as_batch(affine.identity()), as_batch(affine.invert(view(20, 0.9, 1, 1, True)))
    warp_maps(maps, map_between(*to_photo, 4), SCHEMA.flip)[0].sum().backward()
    assert maps.grad.abs().sum() > 0
