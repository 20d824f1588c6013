"""Requests to a served model: rows of images and boxes, checked before anything is computed.

Anyone who reaches the server can send a request, so nothing of a row is trusted: not its types, its sizes, nor
what an image declares. No address is fetched.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from facealign.config import Settings, UserError, printable
from facealign.data.images import Image8, decode_photo
from facealign.data.record import BadSample
from facealign.geometry import affine
from facealign.inference.aligner import checked_boxes
from facealign.inference.orientation import orientation, upright

IMAGE, BOXES = "image", "boxes"
_SHOWN = 40
"""Characters of a name that a message repeats."""


class BadRequest(UserError):
    """Something asked breaks a rule; the message names the row and the rule."""


class RequestLimits(Settings):
    """Limits of one request."""

    max_rows: int = Field(default=64, ge=1, description="images in a request")
    max_bytes: int = Field(default=16 << 20, ge=1, description="of an image's file")
    max_pixels: int = Field(default=40_000_000, ge=1, description="that an image declares")
    max_faces: int = Field(default=64, ge=1, description="boxes of an image; of those found, the largest are kept")


@dataclass(frozen=True)
class Photo:
    """An image to look at.

    Attributes:
        sent: As it was sent.
        image: Upright.
        back: Pixels of ``image`` → pixels of ``sent``.
    """

    sent: Image8
    image: Image8
    back: affine.Affine


def checked_rows(rows: Sequence[Mapping[str, Any]], limits: RequestLimits) -> list[Mapping[str, Any]]:
    """Check all that can be checked without decoding, and return the rows.

    Raises:
        BadRequest: A rule is broken.
    """
    if not rows:
        raise BadRequest(f"the request has no row; each has an {IMAGE} and, if you like, {BOXES}")
    if len(rows) > limits.max_rows:
        raise BadRequest(f"the request has {len(rows)} rows, {limits.max_rows} are taken at most; send several")
    for number, row in enumerate(rows):
        unknown = [name for name in row if name not in (IMAGE, BOXES)]
        if unknown:
            named = printable(", ".join(map(str, unknown)), _SHOWN)
            raise BadRequest(f"row {number}: has a column that is not known ({named}); known are {IMAGE}, {BOXES}")
        if is_missing(row.get(IMAGE)):
            raise BadRequest(
                f"row {number}: has no {IMAGE}; give the bytes of a JPEG, PNG or BMP in base64, or pixels"
            )
    return list(rows)


def is_missing(value: Any) -> bool:
    """Whether it stands for nothing: tables of MLflow put NaN where a row leaves a column out."""
    return value is None or (isinstance(value, float) and np.isnan(value))


def photo_of(value: Any, number: int, limits: RequestLimits) -> Photo:
    """The image of row ``number``: a file's bytes, in base64 or as they are, or pixels (H, W, 3) or (H, W).

    Raises:
        BadRequest: It is none of these, or past a limit.
    """
    place = f"row {number}, {IMAGE}"
    if isinstance(value, str):
        value = _from_base64(value, place, limits)
    if not isinstance(value, bytes):
        pixels = _pixels(value, place, limits)
        return Photo(pixels, pixels, affine.identity())
    if len(value) > limits.max_bytes:
        raise BadRequest(f"{place}: has {len(value)} bytes, {limits.max_bytes} are taken at most; scale it down")
    try:
        sent = decode_photo(value, place, limits.max_pixels)
    except BadSample as bad:
        raise BadRequest(str(bad)) from None
    return Photo(sent, *upright(sent, orientation(value)))


def boxes_of(value: Any, number: int, limits: RequestLimits) -> NDArray[np.float64] | None:
    """(F, 4) boxes of row ``number``, in the pixels that were sent; None where there are none to be looked at.

    Raises:
        BadRequest: They are not of this form, or too many.
    """
    if is_missing(value):
        return None
    place = f"row {number}, {BOXES}"
    if not isinstance(value, list | tuple | np.ndarray):
        raise BadRequest(f"{place}: boxes are a list of [x0, y0, x1, y1] in pixels, not {type(value).__name__}")
    if len(value) > limits.max_faces:
        raise BadRequest(f"{place}: {len(value)} boxes, {limits.max_faces} are taken at most")
    try:
        return checked_boxes(value)
    except UserError as error:
        raise BadRequest(f"{place}: {error}") from None


def _from_base64(text: str, place: str, limits: RequestLimits) -> bytes:
    # Four characters hold three bytes.
    if len(text) > limits.max_bytes * 3 // 2:
        raise BadRequest(f"{place}: more than {limits.max_bytes} bytes, the most that are taken; scale it down")
    if text.startswith("data:"):
        text = text.partition("base64,")[2]
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(
            f"{place}: is not base64 of a file's bytes; addresses and paths are not fetched, send the image"
        ) from None
    if not data:
        raise BadRequest(f"{place}: is empty")
    return data


def _pixels(value: Any, place: str, limits: RequestLimits) -> Image8:
    rule = f"{place}: give base64 of a file, or pixels as (H, W, 3) or (H, W) whole numbers 0…255"
    if not isinstance(value, list | tuple | np.ndarray):
        raise BadRequest(f"{rule}, not {type(value).__name__}")
    try:
        pixels = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise BadRequest(f"{rule}; rows of equal length, please") from None
    if pixels.dtype.kind not in "iu" or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise BadRequest(f"{rule}, not {pixels.dtype} of shape {pixels.shape}")
    if not pixels.size or pixels.min() < 0 or pixels.max() > 255:
        raise BadRequest(f"{rule}; these are none, or beyond")
    if pixels.shape[0] * pixels.shape[1] > limits.max_pixels:
        raise BadRequest(f"{place}: more than {limits.max_pixels} pixels, the most that are taken; scale it down")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.ascontiguousarray(pixels, dtype=np.uint8)
