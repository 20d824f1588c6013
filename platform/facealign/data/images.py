"""Images: photos as data sets publish them, and the encoded crops of the shards."""

import io
import stat
import struct
import warnings
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from facealign.config import UserError
from facealign.data.record import BadSample

Image8 = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""
Encoding = Literal["jpeg", "png"]

_FORMATS = ("JPEG", "PNG", "BMP")
"""Image formats that data sets use; each further one is more code that reads untrusted files."""
_EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_MOST_PIXELS = 89_478_485
"""Pillow's own limit, 256 MiB of RGB; four times the photos of today's cameras."""
_MOST_BYTES = 1 << 29
"""The largest size of an image file, bytes: more than that many pixels take in any format."""


def read_photo(path: Path, place: str) -> Image8:
    """A photo, as RGB; gray ones get three equal channels, transparency is dropped, 16-bit colors keep 8 bits.

    Pillow reads it, since OpenCV fills the rest of a truncated JPEG with gray and says nothing, and a search for
    the end marker is fooled by the thumbnail inside the header. The orientation in EXIF is not applied:
    annotations are on the pixels as they are stored. The content decides on the format, not the name. An image
    that declares more than 89 megapixels is refused before memory is taken for it.

    Raises:
        BadSample: The file is unreadable, cut short, empty, huge, an animation, or not an 8-bit image.
    """
    return decode_photo(photo_bytes(path, place), place)


def decode_photo(data: bytes, place: str, most_pixels: int = _MOST_PIXELS) -> Image8:
    """Decode a photo from a file's bytes, as ``read_photo`` does from a path.

    Args:
        data: The file.
        place: What messages call it.
        most_pixels: That the image may declare.

    Raises:
        BadSample: As ``read_photo`` says.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Pillow warns of odd palettes and metadata, which change no pixel.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            return _decode(data, place, most_pixels)
    except UnidentifiedImageError:
        raise BadSample(
            place, f"is not an image of a known format ({', '.join(_FORMATS)}); convert it, to PNG for example"
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_large(place, most_pixels) from None
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error) as error:
        # Pillow documents no set of its own for damaged files.
        raise BadSample(place, f"cannot be decoded: {error}; fetch it again") from None


def photo_bytes(path: Path, place: str) -> bytes:
    """A photo's file, which is not empty.

    Raises:
        BadSample: It cannot be read, or is too long for an image.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise BadSample(place, "is not a file but a folder or a device; a photo is needed")
        if facts.st_size > _MOST_BYTES:
            raise BadSample(place, f"has {facts.st_size / 2**20:.0f} MiB, {_MOST_BYTES >> 20} are read at most")
        data = path.read_bytes()
    except OSError as error:
        raise BadSample(place, f"cannot be read: {error.strerror}") from None
    if not data:
        raise BadSample(place, "the file is empty; fetch it again")
    return data


def _too_large(place: str, most_pixels: int) -> BadSample:
    return BadSample(
        place, f"declares more than {most_pixels / 1e6:.0f} megapixels; scale it down with its landmarks"
    )


def _decode(data: bytes, place: str, most_pixels: int) -> Image8:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        if picture.width * picture.height > most_pixels:
            raise _too_large(place, most_pixels)
        if picture.mode not in _EIGHT_BIT:
            raise BadSample(place, f"has pixels of kind {picture.mode!r}; convert it to 8 bits a channel")
        # A camera's JPEG may carry a second view (MPO); frames of a PNG are an animation.
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format == "PNG":
            raise BadSample(place, f"holds {frames} images; name the one that was annotated in a file of its own")
        return np.array(picture.convert("RGB"))


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
        UserError: They are not an image: the shard is damaged.
    """
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UserError("a stored image cannot be decoded: the shard is damaged; verify the prepared data")
    return np.asarray(image, dtype=np.uint8)
