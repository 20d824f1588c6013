"""Heatmaps of one view of a face, seen in the frame of another (Subpixel, §3.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def map_between(to_photo_B23: Tensor, other_to_photo_B23: Tensor, stride: int) -> Tensor:
    """The map from one view's map pixels to another's.

    Args:
        to_photo_B23: (B, 2, 3) crop pixels of the view → pixels of the photo.
        other_to_photo_B23: (B, 2, 3) likewise, of the other view.
        stride: Crop pixels per map pixel.

    Returns:
        (B, 2, 3) float64: map pixels of the view → map pixels of the other view. It mirrors where one of the two
        views is mirrored and the other is not.
    """
    crop = _square(other_to_photo_B23).inverse() @ _square(to_photo_B23)
    # crop = stride·map + (stride − 1)/2, and back.
    offset = (stride - 1) / 2
    to_crop = torch.tensor([[stride, 0, offset], [0, stride, offset], [0, 0, 1]], dtype=crop.dtype)
    to_crop = to_crop.to(crop.device)
    return (to_crop.inverse() @ crop @ to_crop)[:, :2]


def warp_maps(maps_BNSS: Tensor, between_B23: Tensor, flip: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Another view's heatmaps in the frame of a view, bilinear, landmark identities exchanged where it mirrors.

    Args:
        maps_BNSS: (B, N, S, S) the other view's maps.
        between_B23: (B, 2, 3) map pixels of the view → map pixels of the other (``map_between``).
        flip: The schema's permutation.

    Returns:
        (B, N, S, S) maps, 0 where the other view shows nothing; and (B, 1, S, S) float, 1 where it does.
    """
    size = maps_BNSS.shape[-1]
    axis = torch.arange(size, dtype=between_B23.dtype, device=between_B23.device)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    pixels_SS3 = torch.stack([columns, rows, torch.ones_like(rows)], dim=-1)
    places_BSS2 = torch.einsum("bij,hwj->bhwi", between_B23, pixels_SS3)
    # grid_sample's −1…1 spans an image from border to border when corners are not aligned.
    grid = ((2 * places_BSS2 + 1) / size - 1).to(maps_BNSS.dtype)
    warped = functional.grid_sample(maps_BNSS, grid, padding_mode="zeros", align_corners=False)
    seen = ((places_BSS2 >= 0) & (places_BSS2 <= size - 1)).all(dim=-1)[:, None].to(maps_BNSS.dtype)
    mirrors = torch.det(between_B23[:, :, :2]) < 0
    exchanged = warped[:, torch.as_tensor(flip, device=warped.device)]
    return torch.where(mirrors[:, None, None, None], exchanged, warped), seen


def _square(affine_B23: Tensor) -> Tensor:
    """(B, 2, 3) → (B, 3, 3) float64."""
    last = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64, device=affine_B23.device)
    return torch.cat([affine_B23.double(), last.expand(len(affine_B23), 1, 3)], dim=1)
