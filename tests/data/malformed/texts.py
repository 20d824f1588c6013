"""Damages of texts. Each takes the bytes of a file and gives others, and says what must become of its faces.

``ANY`` are of any text, ``POINTS`` of a file of ``x y`` lines, ``ROWS`` of one row of a list or table, and
``NAMES`` of the image's name in one.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Bytes = Callable[[bytes], bytes]


class TextDamage(NamedTuple):
    """``kept``: the faces are read as before; ``refused``: none is; ``either``: it depends on the format."""

    apply: Bytes
    expected: str


def _noise(count: int) -> bytes:
    return np.random.default_rng(7).bytes(count)


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Bytes:
    return lambda data: b"\n".join(change(data.splitlines())) + b"\n"


ANY: dict[str, TextDamage] = {
    "empty": TextDamage(lambda data: b"", "refused"),
    "one byte": TextDamage(lambda data: data[:1], "refused"),
    "a quarter": TextDamage(lambda data: data[: len(data) // 4], "either"),
    "half": TextDamage(lambda data: data[: len(data) // 2], "either"),
    "all but a little": TextDamage(lambda data: data[:-30], "either"),
    "crlf": TextDamage(lambda data: data.replace(b"\r", b"").replace(b"\n", b"\r\n"), "kept"),
    "old macintosh": TextDamage(lambda data: data.replace(b"\r", b"").replace(b"\n", b"\r"), "either"),
    "no line ends": TextDamage(lambda data: data.replace(b"\r", b"").replace(b"\n", b" "), "either"),
    "blank lines": TextDamage(lambda data: b"\n\n" + data.replace(b"\n", b"\n\n") + b" \n", "kept"),
    "only line ends": TextDamage(lambda data: b"\r\n" * 99, "refused"),
    "byte-order mark": TextDamage(lambda data: b"\xef\xbb\xbf" + data, "kept"),
    "utf-16": TextDamage(lambda data: data.decode().encode("utf-16"), "either"),
    "latin-1": TextDamage(lambda data: re.sub(rb"[A-Za-z](?=[^A-Za-z]*$)", b"\xe9", data, count=1), "either"),
    "a byte that is not utf-8": TextDamage(lambda data: data[: len(data) // 2] + b"\xff" + data, "either"),
    "zeros": TextDamage(lambda data: bytes(4096), "refused"),
    "zeros inside": TextDamage(lambda data: data[:40] + b"\0" + data[40:], "either"),
    "noise": TextDamage(lambda data: _noise(4096), "refused"),
    "noise at the end": TextDamage(lambda data: data + _noise(4096), "either"),
    "an image": TextDamage(lambda data: b"\x89PNG\r\n\x1a\n" + _noise(999), "refused"),
    "a web page": TextDamage(
        lambda data: b"<!DOCTYPE html>\n<html><title>404: Not Found</title></html>\n", "refused"
    ),
    "a pointer of git lfs": TextDamage(
        lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "refused"
    ),
    "a very long line": TextDamage(lambda data: b"1" * 3_000_000, "refused"),
    "very many lines": TextDamage(lambda data: b"1 1\n" * 3000, "refused"),
    "terminal codes": TextDamage(lambda data: b"\x1b[2J\x1b]0;title\x07 1\n" * 80, "refused"),
}


def _nth_point(change: Callable[[bytes, bytes], bytes]) -> Bytes:
    """Changes the third ``x y`` line."""

    def apply(data: bytes) -> bytes:
        lines = data.replace(b"\r", b"").split(b"\n")
        places = [i for i, line in enumerate(lines) if re.fullmatch(rb"\s*-?[\d.]+\s+-?[\d.]+\s*", line)]
        x, y = lines[places[2]].split()
        lines[places[2]] = change(x, y)
        return b"\n".join(lines)

    return apply


def _points(text: bytes) -> Bytes:
    return lambda data: re.sub(rb"(?m)^\s*-?[\d.]+\s+-?[\d.]+\s*$", text, data)


NO_NUMBERS = (
    *(
        b"nan",
        b"inf",
        b"-inf",
        b"1e400",
        b"1e308",
        b"9" * 5000,
        b"0x1F",
        b"--1",
        b"1d3",
        b"#REF!",
        b"None",
        b"10000",
    ),
    *(b"x" * 5000, b"\x1b[31m1"),
)
"""Or none that a landmark's coordinate could be."""

POINTS: dict[str, TextDamage] = {
    **{
        f"x is {ascii(value)[2:-1][:12]}": TextDamage(_nth_point(lambda x, y, v=value: v + b" " + y), "refused")
        for value in (*NO_NUMBERS, b"1e9", b"1_0", b"1,5", b"", b"1e")
    },
    "-1 -1": TextDamage(_nth_point(lambda x, y: b"-1 -1"), "kept"),
    "0 0": TextDamage(_nth_point(lambda x, y: b"0 0"), "kept"),
    "a point too few": TextDamage(_nth_point(lambda x, y: b""), "refused"),
    "a point too many": TextDamage(_nth_point(lambda x, y: x + b" " + y + b"\n" + x + b" " + y), "refused"),
    "a third column": TextDamage(_points(rb"\g<0> 0"), "refused"),
    "a number alone": TextDamage(_nth_point(lambda x, y: x), "refused"),
    "commas": TextDamage(_nth_point(lambda x, y: x + b", " + y), "refused"),
    "semicolons": TextDamage(_nth_point(lambda x, y: x + b";" + y), "refused"),
    "tabs": TextDamage(_nth_point(lambda x, y: b"\t" + x + b"\t" + y), "kept"),
    "decimal commas": TextDamage(_nth_point(lambda x, y: (x + b" " + y).replace(b".", b",")), "refused"),
    "all at one place": TextDamage(_points(b"20 20"), "refused"),
    "in hundredths": TextDamage(_points(b"2000.5 1999.5"), "refused"),
    "a comment": TextDamage(_nth_point(lambda x, y: b"// eye\n" + x + b" " + y), "refused"),
    "braces inside": TextDamage(_nth_point(lambda x, y: b"}\n{\n" + x + b" " + y), "refused"),
    "another count": TextDamage(lambda data: b"n_points: 5\n" + data, "refused"),
    "a huge count": TextDamage(lambda data: b"n_points: 99999999999999999999\n" + data, "refused"),
    "a negative count": TextDamage(lambda data: b"n_points: -68\n" + data, "refused"),
    "a count in words": TextDamage(lambda data: b"n_points: \x1b[1mmany\n" + data, "refused"),
    "no header": TextDamage(_lines(lambda lines: [x for x in lines if b":" not in x]), "kept"),
    "no header, no braces": TextDamage(
        _lines(lambda lines: [x for x in lines if not set(x) & set(b":{}")]), "kept"
    ),
    "only a header": TextDamage(lambda data: b"version: 1\nn_points: 68\n{\n}\n", "refused"),
}

Fields = Callable[[list[bytes]], list[bytes]]


class RowDamage(NamedTuple):
    """As ``TextDamage``, of the fields of one row."""

    apply: Fields
    expected: str


def _nth(place: int, value: bytes) -> Fields:
    return lambda fields: [*fields[:place], value, *fields[place:][1:]]


_COORDINATE = 9

ROWS: dict[str, RowDamage] = {
    **{
        f"a coordinate is {ascii(value)[2:-1][:12]}": RowDamage(_nth(_COORDINATE, value), "refused")
        for value in (*NO_NUMBERS, b"-1e9", b"1;5", b"\xff", b"\xe9", b"TRUE", b"\0")
    },
    "a coordinate is empty": RowDamage(_nth(_COORDINATE, b""), "refused"),
    "a coordinate is -1": RowDamage(_nth(_COORDINATE, b"-1"), "kept"),
    "a field too few": RowDamage(lambda fields: [*fields[:7], *fields[8:]], "refused"),
    "a field too many": RowDamage(lambda fields: [*fields[:7], b"3", *fields[7:]], "refused"),
    "one field": RowDamage(lambda fields: fields[:1], "refused"),
    "no fields": RowDamage(lambda fields: [b""] * len(fields), "refused"),
    "ten thousand fields": RowDamage(lambda fields: fields * 50, "refused"),
    "swapped around": RowDamage(lambda fields: fields[::-1], "refused"),
    "a quote": RowDamage(lambda fields: [b'"' + fields[0], *fields[1:]], "refused"),
    "all in quotes": RowDamage(lambda fields: [b'"' + field.strip(b'"') + b'"' for field in fields], "either"),
    "semicolons": RowDamage(lambda fields: [b";".join(fields)], "refused"),
    "all coordinates equal": RowDamage(
        lambda fields: [b"7" if re.fullmatch(rb"[\d.]+\.[\d]*", field) else field for field in fields], "either"
    ),
}

NAMES = {
    "absolute": b"/etc/passwd",
    "above": b"../../../../../../etc/passwd",
    "above, inside": b"a/../../../x.png",
    "windows": b"b\\001.png",
    "a drive": b"C:/001.png",
    "zero byte": b"001.png\0.txt",
    "empty": b"",
    "dot": b".",
    "dots": b"..",
    "slash": b"/",
    "slashes": b"b//..//001.png",
    "a dot and a mirror": b"._mirror.png",
    "an address": b"http://example.org/001.png",
    "a file address": b"file:///etc/passwd",
    "a command": b"$(touch canary)",
    "a folder": b"b",
    "not there": b"b/999.png",
    "long": b"x" * 300 + b".png",
    "very long": b"x/" * 3000 + b".png",
    "terminal codes": b"\x1b[31mred.png",
    "a device": b"b/../../../../../dev/zero",
    "latin-1": b"caf\xe9.png",
    "not utf-8": b"\xff\xfe.png",
    "utf-8 of a surrogate": b"\xed\xb3\xa9.png",
    "right to left": "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe".encode(),
    "zero width": "0\N{ZERO WIDTH SPACE}01.png".encode(),
    "emoji": "😀.png".encode(),
    "line separator": b"a b.png",
    "a formula": b"=1+1",
    "home": b"~/001.png",
    "percent": b"%2e%2e/001.png",
    "a format": b"{0}%s%n",
}
"""None of them names an image that is there."""

BOXES = {
    "nothing": (b"",) * 4,
    "no area": (b"10", b"10", b"10", b"10"),
    "negative": (b"40", b"40", b"10", b"10"),
    "not a number": (b"nan",) * 4,
    "half a number": (b"1", b"1", b"nan", b"40"),
    "infinite": (b"-inf", b"-inf", b"inf", b"inf"),
    "overflowing": (b"-1.7e308", b"-1.7e308", b"1.7e308", b"1.7e308"),
    "huge": (b"-1e9", b"-1e9", b"1e9", b"1e9"),
    "far away": (b"1e6", b"1e6", b"1000100", b"1000100"),
    "unknown": (b"-1",) * 4,
    "text": (b"left", b"top", b"right", b"bottom"),
    "thin": (b"10", b"10", b"10.0000001", b"40"),
}
"""x0, y0, x1, y1, of which a face has no use."""
