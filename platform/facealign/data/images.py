"""Pictures: photos as data sets publish them, and the encoded crops of the shards."""

import io
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from facealign.data.record import BadSample

Image8 = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""
Encoding = Literal["jpeg", "png"]

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF")
_EIGHT_BIT = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")


def read_photo(path: Path, place: str) -> Image8:
    """A photo, as RGB; gray ones get three equal channels, transparency is dropped.

    Pillow reads it, since OpenCV fills the rest of a truncated JPEG with gray and says nothing, and a search for
    the end marker is fooled by the thumbnail inside the header. The orientation in EXIF is not applied:
    annotations are on the pixels as they are stored.

    Raises:
        BadSample: The file is unreadable, cut short, empty, or not an 8-bit picture.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSample(place, f"cannot be read: {error.strerror}") from None
    if not data:
        raise BadSample(place, "the file is empty; fetch it again")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            mode = picture.mode
            photo = np.array(picture.convert("RGB"))
    except UnidentifiedImageError:
        raise BadSample(place, f"is not a picture of a known format ({', '.join(_FORMATS)})") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadSample(place, f"cannot be decoded: {error}; fetch it again") from None
    if mode not in _EIGHT_BIT:
        raise BadSample(place, f"has pixels of kind {mode!r}; convert it to 8 bits a channel")
    return photo


def encode(image: Image8, encoding: Encoding, quality: int) -> bytes:
    """RGB pixels → the bytes of a JPEG or PNG file.

    Args:
        image: (H, W, 3) uint8 RGB.
        encoding: PNG is lossless, about four times larger and slower to decode.
        quality: Of JPEG, 1…100; PNG has none.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if encoding == "jpeg" else [cv2.IMWRITE_PNG_COMPRESSION, 6]
    _, data = cv2.imencode(f".{encoding}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return bytes(data)


def decode(data: NDArray[np.uint8]) -> Image8:
    """The bytes of a file that ``encode`` wrote → (H, W, 3) uint8 RGB.

    Raises:
        ValueError: They are not a picture: the shard is damaged.
    """
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError("a stored picture cannot be decoded: the shard is damaged; verify the prepared data")
    return np.asarray(image, dtype=np.uint8)
