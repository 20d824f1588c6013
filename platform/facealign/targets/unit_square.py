"""The unit square: coordinates that run from −1 to 1, from one border of the image to the other.

An image and a map of it share this frame, whatever their sizes: −1 is the outer border of the first pixel, 1 that
of the last, 0 the middle. One unit is half the image's side.
"""

import torch
from torch import Tensor

EMPTY = 1e-6
"""A map with no more response than this in all is empty."""


def to_unit(points: Tensor, size: int) -> Tensor:
    """Pixels of an image of side ``size`` → unit square, any shape."""
    return (points + 0.5) * (2 / size) - 1


def from_unit(points: Tensor, size: int) -> Tensor:
    """Unit square → pixels of an image of side ``size``, any shape; the inverse of ``to_unit``."""
    return (points + 1) * (size / 2) - 0.5


def center_of_mass(maps_BNHW: Tensor) -> Tensor:
    """ADNet's soft-argmax: the mean position of a non-negative map's responses, Σ position·H / ΣH.

    The responses themselves are the weights; there is neither exponential nor temperature. The center of an empty
    map is the middle, and no gradient passes through it: it would be 1/ΣH.

    Args:
        maps_BNHW: (B, N, S, S), no value negative.

    Returns:
        (B, N, 2) in the unit square, float32 at least. A float32 result of a map in half precision is as good as
        its pixels: sums are made in float32.
    """
    maps = maps_BNHW.to(torch.promote_types(maps_BNHW.dtype, torch.float32))
    size = maps.shape[-1]
    axis = to_unit(torch.arange(size, dtype=maps.dtype, device=maps.device), size)
    columns, rows = maps.sum(-2), maps.sum(-1)
    moments = torch.stack([(columns * axis).sum(-1), (rows * axis).sum(-1)], dim=-1)
    mass = columns.sum(-1, keepdim=True)
    is_empty = mass <= EMPTY
    return (moments / mass.masked_fill(is_empty, 1.0)).masked_fill(is_empty, 0.0)
