"""The crop rule: which square of a photo becomes the crop of a face."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from facealign.config import Settings
from facealign.geometry import affine

_WIDEST = 4
"""Sides of a photo; a square about a face that fills its photo may be twice as wide."""


class CropSettings(Settings):
    """Settings of the crop of a face.

    The square is centered on the box; its side is the box's longer (or shorter) side times ``margin``. What is
    stored is ``context`` times wider, so that a training view may rotate, shift and shrink without running into
    black.
    """

    size: int = Field(default=128, ge=32, le=1024, multiple_of=16, description="side of the network's input, px")
    box: Literal["landmarks", "provided", "published_square"] = Field(
        default="landmarks",
        description="tight box of the landmarks; the box the data set publishes; the square (center and scale) "
        "that its list says to cut",
    )
    side: Literal["longer", "shorter"] = Field(
        default="longer", description="side of the box that the crop follows"
    )
    margin: float = Field(default=1.25, ge=0.5, le=4.0, description="side of the crop ÷ that side of the box")
    context: float = Field(default=1.375, ge=1.0, le=3.0, description="side of what is stored ÷ side of the crop")

    @property
    def stored_size(self) -> int:
        """Side of the stored crop, px: even room on both sides of the ``size`` px in its middle."""
        room = round(self.size * (self.context - 1) / 2)
        return self.size + 2 * room


def landmark_box(points_N2: ArrayLike) -> NDArray[np.float64]:
    """The tight box (x0, y0, x1, y1) of landmarks, pixels."""
    points_N2 = np.asarray(points_N2, dtype=np.float64)
    return np.concatenate([points_N2.min(axis=0), points_N2.max(axis=0)])


def stored_crop(box: ArrayLike, settings: CropSettings) -> affine.Affine:
    """Photo pixels → pixels of the stored crop, for a box (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = np.asarray(box, dtype=np.float64)
    follow = max if settings.side == "longer" else min
    side = follow(x1 - x0, y1 - y0) * settings.margin * settings.stored_size / settings.size
    return affine.crop_to_square(((x0 + x1) / 2, (y0 + y1) / 2), side, settings.stored_size)


def unusable(box: ArrayLike, width: int, height: int) -> str | None:
    """Say why a box (x0, y0, x1, y1) gives no crop of a photo of these sides, px; None if it gives one."""
    # Of Python's numbers a difference that is too large is infinite, without a warning.
    x0, y0, x1, y1 = np.asarray(box, dtype=np.float64).tolist()
    seen = f"the box ({x0:.6g}, {y0:.6g}, {x1:.6g}, {y1:.6g}) "
    if not (np.isfinite([x0, y0, x1, y1]).all() and x1 - x0 >= 1 and y1 - y0 >= 1):
        return seen + "is degenerate; its sides must be 1 px at least"
    if x1 < 0 or y1 < 0 or x0 > width - 1 or y0 > height - 1:
        return seen + f"lies outside the photo of {width} × {height} px"
    if max(x1 - x0, y1 - y0) > _WIDEST * max(width, height):
        return seen + f"is more than {_WIDEST} times as wide as the photo of {width} × {height} px"
    return None


def view_of_stored(settings: CropSettings) -> affine.Affine:
    """Pixels of the stored crop → pixels of the network's input, its middle."""
    room = (settings.stored_size - settings.size) / 2
    return affine.translation(-room, -room)
