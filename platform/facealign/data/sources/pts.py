"""The ``.pts`` text format of iBUG: one ``x y`` line for each landmark, 1-based, between braces."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facealign.data.record import BadSample
from facealign.geometry import LandmarkSchema


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
        BadSample: The file is not of this format, ends early, or does not hold ``schema.size`` finite points.
    """
    try:
        lines = path.read_bytes().decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise BadSample(place, f"byte {error.start} is not ASCII; a .pts file is plain text") from None
    points: list[tuple[float, float]] = []
    is_open = is_closed = False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        where = f"{place}:{number}"
        if is_closed and text:
            raise BadSample(where, f"found {text[:40]!r} after the closing brace; remove it")
        if text == "{":
            is_open = True
        elif text == "}":
            is_closed = True
        elif text.startswith("n_points:"):
            _check_count(_integer(text.removeprefix("n_points:"), where), where, schema)
        elif text and not text.startswith("version:"):
            points.append(_point(text, where))
    if is_open and not is_closed:
        # A file that was cut short may end inside a number, which still reads as a number.
        raise BadSample(place, "the closing brace is missing: the file ends early; fetch it again")
    _check_count(len(points), place, schema)
    return np.array(points, dtype=np.float64)


def _check_count(count: int, place: str, schema: LandmarkSchema) -> None:
    if count != schema.size:
        raise BadSample(place, f"holds {count} points, {schema.name} has {schema.size}")


def _integer(text: str, place: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadSample(place, f"n_points is {text.strip()!r}, which is not a whole number") from None


def _point(text: str, place: str) -> tuple[float, float]:
    fields = text.split()
    try:
        x, y = (float(field) for field in fields)
    except ValueError:
        raise BadSample(place, f"found {text[:40]!r} where a landmark's `x y` belongs") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadSample(place, f"found {text[:40]!r}: a coordinate must be finite")
    return x, y
