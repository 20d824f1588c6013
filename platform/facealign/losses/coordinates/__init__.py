"""One file per loss of coordinates. ``COORDINATE_LOSSES`` names them."""

from facealign.losses.coordinates.base import (
    COORDINATE_LOSSES,
    CROP,
    CoordinateLoss,
    CoordinateLossChoice,
    SeparableLoss,
    coordinate_errors,
)

__all__ = [
    "COORDINATE_LOSSES",
    "CROP",
    "CoordinateLoss",
    "CoordinateLossChoice",
    "SeparableLoss",
    "coordinate_errors",
]
