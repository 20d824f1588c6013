"""Cutting a photo along an affine map without aliasing."""

import math

import cv2
import numpy as np

from facealign.data.images import Image8
from facealign.geometry import affine

_BORDER_PX = 4
"""Room about the region that is cut, for the reach of the blur and of the interpolation."""


def warp(image: Image8, matrix: affine.Affine, size: int) -> Image8:
    """Warp ``image`` by ``matrix``, bilinear, black outside.

    Bilinear interpolation looks at 2 × 2 pixels, however far apart the samples are. So an image that is to shrink
    is first averaged over whole blocks (INTER_AREA), then blurred for the rest of the factor (below 2), with the
    usual σ = (factor − 1)/2 px.

    Args:
        image: (H, W, 3) uint8.
        matrix: Pixels of ``image`` → pixels of the result; a similarity.
        size: Side of the result, px.

    Returns:
        (size, size, 3) uint8. All black where the map leaves the image.
    """
    shrink = 1 / affine.scale_of(matrix)
    block = max(1, math.floor(shrink))
    x0, y0, x1, y1 = _region(image, matrix, size, block)
    if x1 <= x0 or y1 <= y0:
        return np.zeros((size, size, 3), dtype=np.uint8)
    part = image[y0:y1, x0:x1]
    matrix = affine.compose(matrix, affine.translation(x0, y0))
    if block > 1:
        part = _average_blocks(part, block)
        matrix = affine.compose(matrix, affine.invert(affine.resize(1 / block)))
    rest = shrink / block
    if shrink > 1 and rest > 1:
        part = cv2.GaussianBlur(part, (0, 0), sigmaX=(rest - 1) / 2 + 1e-3, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _region(image: Image8, matrix: affine.Affine, size: int, block: int) -> tuple[int, int, int, int]:
    """The part of the image that the result shows, with some room: (x0, y0, x1, y1), ends excluded."""
    low, high = -0.5, size - 0.5
    corners_42 = affine.apply(affine.invert(matrix), [(low, low), (high, low), (low, high), (high, high)])
    room = _BORDER_PX * block
    x0, y0 = np.maximum(np.floor(corners_42.min(axis=0)).astype(int) - room, 0)
    x1, y1 = np.minimum(np.ceil(corners_42.max(axis=0)).astype(int) + room + 1, (image.shape[1], image.shape[0]))
    return int(x0), int(y0), int(x1), int(y1)


def _average_blocks(part: Image8, block: int) -> Image8:
    """Means over ``block`` × ``block`` pixels; the image is extended by its edge to whole blocks first."""
    height, width = part.shape[:2]
    padded = cv2.copyMakeBorder(part, 0, -height % block, 0, -width % block, cv2.BORDER_REPLICATE)
    target = (padded.shape[1] // block, padded.shape[0] // block)
    return np.asarray(cv2.resize(padded, target, interpolation=cv2.INTER_AREA), dtype=np.uint8)
