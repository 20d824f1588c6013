"""Photos that a camera stored turned: EXIF's orientation.

Landmarks are reported in the pixels as they are stored, as everywhere here; faces are found in the upright image.
"""

import io

import cv2
import numpy as np
from PIL import ExifTags, Image

from facealign.data.images import Image8
from facealign.geometry import affine

_TURNS: dict[int, tuple[bool, int]] = {
    1: (False, 0),
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 1),
    6: (False, 3),
    7: (True, 3),
    8: (False, 1),
}
"""EXIF 2.32, tag 274 → whether to mirror the stored image first, then quarter turns against the clock."""


def orientation(data: bytes) -> int:
    """1…8, as the file says; 1 where it says nothing that makes sense. The pixels are not decoded."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError):
        return 1  # a broken header says nothing; whether the image is whole, its decoding tells
    return orientation if orientation in _TURNS else 1


def upright(image: Image8, orientation: int) -> tuple[Image8, affine.Affine]:
    """The image as it is to be seen, and the map from its pixels to those of ``image``."""
    is_mirrored, quarters = _TURNS[orientation]
    seen = image[:, ::-1] if is_mirrored else image
    matrix = affine.flip_horizontal(image.shape[1]) if is_mirrored else affine.identity()
    for _ in range(quarters):
        # A turn against the clock puts stored (x, y) at (y, width − 1 − x).
        back = np.array([[0.0, -1.0, seen.shape[1] - 1.0], [1.0, 0.0, 0.0]])
        matrix = affine.compose(matrix, back)
        seen = np.asarray(cv2.rotate(seen, cv2.ROTATE_90_COUNTERCLOCKWISE), dtype=np.uint8)
    return np.ascontiguousarray(seen), matrix
