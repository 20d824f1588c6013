"""Crop pixels ↔ map pixels: a map pixel covers stride × stride crop pixels, and both count from pixel centers."""

from torch import Tensor


def crop_to_map(points: Tensor, stride: float) -> Tensor:
    """Crop pixels → map pixels, any shape: ``map = (crop + 0.5) / stride − 0.5``."""
    return (points + 0.5) / stride - 0.5


def map_to_crop(points: Tensor, stride: float) -> Tensor:
    """Map pixels → crop pixels, any shape; the inverse of ``crop_to_map``."""
    return (points + 0.5) * stride - 0.5
