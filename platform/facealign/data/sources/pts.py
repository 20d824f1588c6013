"""The ``.pts`` text format of iBUG: one ``x y`` line for each landmark, 1-based, between braces."""

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facealign.config import open_file
from facealign.data.record import BadSample
from facealign.geometry import LandmarkSchema

_LARGEST = 1 << 20
"""Bytes; 68 landmarks take two thousand."""

_HEADER = re.compile(r"(version|n_points)\s*:\s*(.*)", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_pts(path: Path, place: str, schema: LandmarkSchema) -> NDArray[np.float64]:
    """The coordinates as they are written.

    Lines may end in CRLF, and the header with its braces may be missing: some tools strip it.

    Args:
        path: The file.
        place: What messages call it.
        schema: The landmarks that are expected.

    Returns:
        (N, 2), pixels of the photo, 1-based.

    Raises:
        BadSample: The file is unreadable, not of this format, ends early, or does not hold ``schema.size`` finite
            points.
    """
    points: list[tuple[float, float]] = []
    is_open = is_closed = False
    for number, line in enumerate(_lines(path, place), start=1):
        text = line.strip()
        where = f"{place}:{number}"
        if is_closed and text:
            raise BadSample(where, f"found {text[:40]!r} after the closing brace; remove it")
        if text == "{":
            is_open = True
        elif text == "}":
            is_closed = True
        elif header := _HEADER.fullmatch(text):
            if header[1].lower() == "n_points":
                _check_count(_integer(header[2], where), where, schema)
        elif text:
            points.append(_point(text, where))
    if is_open and not is_closed:
        # A file that was cut short may end inside a number, which still reads as a number.
        raise BadSample(place, "the closing brace is missing: the file ends early; fetch it again")
    _check_count(len(points), place, schema)
    return np.array(points, dtype=np.float64)


def count_points(path: Path, place: str) -> int | None:
    """Read the number of points from a file's header; None where it cannot be read.

    Files without a header are counted by their lines.
    """
    try:
        lines = [text for line in _lines(path, place) if (text := line.strip()) not in ("", "{", "}")]
    except BadSample:
        return None
    headers = [header for text in lines if (header := _HEADER.fullmatch(text))]
    stated = [header[2].strip() for header in headers if header[1].lower() == "n_points"]
    if not stated:
        return len(lines) - len(headers)
    return int(stated[0]) if _is_whole(stated[0]) else None


def _lines(path: Path, place: str) -> list[str]:
    try:
        with open_file(path) as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise BadSample(place, f"cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise BadSample(place, f"has more than {_LARGEST} bytes; a .pts file is a short text")
    try:
        return data.removeprefix(_BYTE_ORDER_MARK).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise BadSample(place, f"byte {error.start} is not ASCII; a .pts file is plain text") from None


def _check_count(count: int, place: str, schema: LandmarkSchema) -> None:
    if count != schema.size:
        raise BadSample(place, f"holds {count} points, {schema.name} has {schema.size}")


def _integer(text: str, place: str) -> int:
    if not _is_whole(text):
        raise BadSample(place, f"n_points is {text.strip()[:40]!r}, which is not a whole number")
    return int(text)


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"\s*[0-9]{1,9}\s*", text) is not None


def _point(text: str, place: str) -> tuple[float, float]:
    try:
        # Python reads `1_0` as ten; no tool that writes .pts files means that.
        x, y = (float(field.replace("_", "?")) for field in text.split())
    except ValueError:
        raise BadSample(place, f"found {text[:40]!r} where a landmark's `x y` belongs") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadSample(place, f"found {text[:40]!r}: a coordinate must be finite")
    return x, y
