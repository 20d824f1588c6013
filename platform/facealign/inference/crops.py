"""Faces cut from a photo for the network, by the very steps that prepared the faces of its training."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.images import Image8
from facealign.data.preparing.warp import warp
from facealign.geometry import CropSettings, affine, stored_crop, view_of_stored


def crop_frame(box: NDArray[np.float64], crop: CropSettings) -> affine.Affine:
    """Photo pixels → pixels of the network's input, for a box (x0, y0, x1, y1)."""
    return affine.compose(view_of_stored(crop), stored_crop(box, crop))


def cut(image: Image8, box: NDArray[np.float64], crop: CropSettings) -> NDArray[np.uint8]:
    """(3, S, S) uint8: the middle of what preparing would store of this face, before it is encoded."""
    stored = warp(image, stored_crop(box, crop), crop.stored_size)
    room = (crop.stored_size - crop.size) // 2
    return np.ascontiguousarray(stored[room : room + crop.size, room : room + crop.size].transpose(2, 0, 1))
