"""Helpers of data sets that come as lists and tables: rows, numbers and file names."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facealign.config import UserError, open_file
from facealign.data.record import BadSample

_LONGEST_LINE = 1 << 20
"""Bytes; WFLW's 98 landmarks take two thousand. What is longer has no line ends, and is no list."""


def text_rows(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a list that are not empty, each with its number, from 1. They may end in CRLF.

    Bytes that are not UTF-8 show as ``\xff``, so that a row in which they matter can say so when it is loaded.

    Raises:
        UserError: The file cannot be read, or is no text.
    """
    try:
        with open_file(path) as stream:
            for number, line in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), start=1):
                if len(line) == _LONGEST_LINE:
                    raise UserError(f"{path}:{number}: a line of {_LONGEST_LINE} bytes or more; is this a list?")
                # The first may begin with a byte-order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8", "backslashreplace").strip()
                if text:
                    yield number, text
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def finite_numbers(fields: Sequence[str], place: str) -> list[float]:
    """The fields of a row as numbers.

    Raises:
        BadSample: One is not a finite number.
    """
    try:
        # Python reads `1_0` as ten; no list means that.
        numbers = [float(field.replace("_", "?")) for field in fields]
    except ValueError as error:
        raise BadSample(place, f"{str(error)[:80]}; a number belongs there") from None
    if not all(map(math.isfinite, numbers)):
        wrong = next(field for field, number in zip(fields, numbers, strict=True) if not math.isfinite(number))
        raise BadSample(place, f"found {wrong[:40]!r}: a coordinate must be finite")
    return numbers


def file_name(text: str, place: str) -> str:
    """A row's file name, refused where no file system could tell what it means.

    Raises:
        BadSample: It is empty, or holds a backslash or what cannot be printed.
    """
    if not text or "\\" in text or not text.isprintable():
        raise BadSample(place, f"found the file name {ascii(text)[:80]}; it must be plain UTF-8 text, with `/`")
    return text


def as_line(row: Mapping[str, Any]) -> str:
    """A row of a binary table as one line of text, for ``Sample.line``; numbers keep every digit."""
    return json.dumps(row, separators=(",", ":"))


def from_line(line: str) -> Any:
    """Parse the line of ``as_line``."""
    return json.loads(line)
