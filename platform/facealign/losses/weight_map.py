"""Weights of heatmap pixels: AWing's Weighted Loss Map (Eqs. 4 and 5) and its simpler baseline (§7.6.2)."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings


class WeightMapSettings(Settings):
    """Which pixels weigh more."""

    kind: Literal["dilated", "linear", "none"] = Field(
        default="dilated",
        description="dilated: 1 + W where the dilated target reaches the threshold (WM); "
        "linear: 1 + W·target (WM_base, with the true map where the paper's formula prints the predicted one)",
    )
    weight: float = Field(default=10.0, ge=0.0, description="W, what the marked pixels weigh more")
    threshold: float = Field(
        default=0.2, gt=0.0, le=1.0, description="response from which on a dilated pixel is marked"
    )


def weight_map(target: Tensor, settings: WeightMapSettings) -> Tensor | None:
    """The factor of each pixel's loss.

    Args:
        target: (B, C, H, W) true heatmaps, the boundary channel included.
        settings: Which pixels weigh more.

    Returns:
        (B, C, H, W) of the target's type, or None where every pixel weighs the same.
    """
    if settings.kind == "none":
        return None
    if settings.kind == "linear":
        return target * settings.weight + 1
    # Gray dilation is a maximum, and so commutes with the threshold; bits are four times less traffic.
    mask = _dilate(target >= settings.threshold)
    return torch.where(mask, 1 + settings.weight, 1.0).to(target.dtype)


def _dilate(mask: Tensor) -> Tensor:
    """Binary 3×3 dilation of the last two dimensions: along rows, then along columns."""
    wide = mask.clone()
    wide[..., 1:] |= mask[..., :-1]
    wide[..., :-1] |= mask[..., 1:]
    tall = wide.clone()
    tall[..., 1:, :] |= wide[..., :-1, :]
    tall[..., :-1, :] |= wide[..., 1:, :]
    return tall
