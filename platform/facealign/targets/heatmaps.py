"""Landmarks → Gaussian heatmaps, rendered in closed form."""

import math
from typing import Literal

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor

from facealign.config import Settings


def empty_maps(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Allocate ``like.new_empty(shape)``; on a CPU in huge pages, where the system has any.

    A batch of maps has tens of megabytes. Memory of that size comes from the system anew each time, and taking it
    in pages of 4 kB costs several times as long as writing the maps. NumPy asks for huge pages, as torch does only
    for those who set ``THP_MEM_ALLOC_ENABLE``.
    """
    if like.device.type != "cpu" or 0 in shape:  # NumPy's empty arrays have strides that torch cannot view
        return like.new_empty(shape)
    raw = np.empty(math.prod(shape) * like.element_size(), dtype=np.uint8)
    return torch.from_numpy(raw).view(like.dtype).view(shape)


class HeatmapSettings(Settings):
    """The form of a heatmap; the defaults are AWing's."""

    sigma: float = Field(default=1.75, gt=0.0, description="standard deviation of the Gaussian, map px")
    form: Literal["patch", "continuous"] = Field(
        default="patch",
        description="patch: about the center of the landmark's pixel, cut to a square; "
        "continuous: about the landmark itself, uncut",
    )
    patch: int = Field(default=7, ge=1, description="side of the square of the patch form, map px; odd")

    @field_validator("patch")
    @classmethod
    def _odd(cls, patch: int) -> int:
        if patch % 2 == 0:
            raise ValueError("the square has a pixel in its middle; choose an odd side")
        return patch


def gaussian_heatmaps(points_BN2: Tensor, valid_BN: Tensor, map_size: int, settings: HeatmapSettings) -> Tensor:
    """Draw one Gaussian of peak 1 for each landmark.

    The paper's patch is drawn about the pixel that the landmark falls in: the floor of a coordinate that counts
    from the map's corner, which is the *nearest* pixel of one that counts from pixel centers. So decoded pixels
    need no offset: the rounding error is uniform in [−½, ½) map px, with mean 0. (Flooring the center-based
    coordinate would put every target half a map pixel up and to the left.)

    A landmark off the map leaves its map partly or wholly zero. That is a target like any other: nothing to be
    seen here. Augmentation makes such landmarks, and the paper does not leave them out.

    Args:
        points_BN2: (B, N, 2) landmarks, map pixels; they are the truth, and no gradient passes to them.
        valid_BN: (B, N) bool; the maps of other landmarks are zero.
        map_size: S, side of the map, px.
        settings: Form and size of the Gaussian.

    Returns:
        (B, N, S, S) in the points' type.
    """
    centers = torch.floor(points_BN2 + 0.5) if settings.form == "patch" else points_BN2
    pixels = torch.arange(map_size, dtype=points_BN2.dtype, device=points_BN2.device)
    offsets_BN2S = pixels - centers[..., None]
    # A square patch of an isotropic Gaussian is the product of two cut profiles.
    # exp2: of numbers far below zero, torch's exp takes ten times as long on a CPU.
    profiles = torch.exp2(offsets_BN2S.square() * (-0.5 * math.log2(math.e) / settings.sigma**2))
    if settings.form == "patch":
        profiles = profiles * (offsets_BN2S.abs() <= settings.patch // 2)
    columns, rows = profiles.unbind(dim=2)
    rows = rows * valid_BN[..., None]
    maps = empty_maps((*points_BN2.shape[:2], map_size, map_size), like=rows)
    return torch.mul(rows[..., :, None], columns[..., None, :], out=maps)
