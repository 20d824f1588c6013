"""MATLAB's ``.mat`` files of version 5 (``save`` without ``-v7.3``), as many data sets publish annotations.

The format is that of "MAT-File Format" (The MathWorks): matrices of numbers, and cell arrays of texts, no more.
The files come from the network, and SciPy's reader takes the whole process down on some damaged ones; here every
length is checked against the bytes that are there before anything is allocated. Version 7.3 is HDF5, another
format under the same ending.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facealign.config import open_file
from facealign.data.record import BadSample

Shape = tuple[int | None, ...]
"""The shape of a matrix: rows, columns, …; None where any number is accepted."""

MEGABYTES = 256
"""The largest file that is read, unpacked; AFLW's table of 24 386 faces takes about 12."""

_HEADER = 128
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_BLOCK = 512  # MATLAB puts a block of its own before HDF5's

# Types of stored elements, and classes of arrays, by the numbers of the format.
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _CHAR = 1, 4
_CLASSES = (
    *("?", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16"),
    *("int32", "uint32", "int64", "uint64", "function", "opaque"),
)
_NUMERIC = range(6, 16)
_COMPLEX = 0x0800


@dataclass(frozen=True)
class _Array:
    """One array: its header, and its elements still to be read."""

    name: str
    kind: int
    is_complex: bool
    shape: tuple[int, ...]
    content: "_Bytes"


def read_mat5(
    path: Path,
    place: str,
    names: Mapping[str, Shape],
    optional: Mapping[str, Shape] | None = None,
    megabytes: int = MEGABYTES,
) -> dict[str, NDArray[np.float64]]:
    """Real matrices of numbers; logical ones are 0 and 1.

    Args:
        path: The file.
        place: What messages call it.
        names: Variables that must be there, with their shapes: ``{"pt3d_68": (3, 68), "bbox": (None, 4)}``.
        optional: Variables that may be missing.
        megabytes: The largest file to read, unpacked.

    Returns:
        The variables that are there, by name; float64, as they are written, NaN and infinity among them.

    Raises:
        BadSample: The file is not of version 5, is damaged or too large, or a variable is missing or of another
            kind or shape.
    """
    shapes = {**(optional or {}), **names}
    arrays = _variables(path, place, shapes, tuple(names), megabytes)
    return {name: _numbers(array, place, shapes[name]) for name, array in arrays.items()}


def read_mat5_texts(path: Path, place: str, name: str, megabytes: int = MEGABYTES) -> tuple[str, ...]:
    """A cell array of texts, a row or a column of them: ``nameList`` of AFLW.

    Raises:
        BadSample: As in ``read_mat5``; or a cell holds anything but one line of text.
    """
    array = _variables(path, place, {name: ()}, (name,), megabytes)[name]
    if array.kind != _CELL:
        raise BadSample(place, f"{name} is of MATLAB's class {_class(array)}, it should be a cell array of texts")
    if len(array.shape) != 2 or 1 not in array.shape:
        raise BadSample(place, f"{name} is {_sides(array.shape)}; a row or a column of texts belongs there")
    texts = []
    for number in range(1, prod(array.shape) + 1):
        kind, content = array.content.element()
        if kind != _MATRIX:
            raise array.content.damaged(f"cell {number} of {name} is no array")
        texts.append(_text(_array(content), place, f"{name}{{{number}}}"))
    return tuple(texts)


def _numbers(array: _Array, place: str, shape: Shape) -> NDArray[np.float64]:
    if array.kind not in _NUMERIC or array.is_complex:
        kind = "complex" if array.is_complex else _class(array)
        raise BadSample(place, f"{array.name} is of MATLAB's class {kind}, it should hold real numbers")
    if len(array.shape) != len(shape) or any(
        side not in (None, there) for side, there in zip(shape, array.shape, strict=True)
    ):
        raise BadSample(place, f"{array.name} is {_sides(array.shape)}, it should be {_sides(shape)}")
    stored, content = array.content.element()
    if stored not in _NUMBERS:
        raise content.damaged(f"{array.name} is stored as type {stored}")
    dtype = np.dtype(content.order + _NUMBERS[stored])
    # MATLAB packs whole numbers into the smallest type that holds them: the class does not describe the size.
    if len(content.data) != prod(array.shape) * dtype.itemsize:
        raise content.damaged(f"{array.name} is {_sides(array.shape)} but holds {len(content.data)} bytes")
    flat = np.frombuffer(content.data, dtype)
    return np.ascontiguousarray(flat.reshape(array.shape, order="F"), dtype=np.float64)


def _text(array: _Array, place: str, where: str) -> str:
    letters = prod(array.shape)
    if array.kind != _CHAR or letters not in (0, array.shape[-1]):
        raise BadSample(place, f"{where} is {_class(array)} {_sides(array.shape)}, it should be one line of text")
    if letters == 0:
        return ""
    stored, content = array.content.element()
    encoding = _TEXTS.get(stored, "ascii")
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if content.order == "<" else "-be"
    try:
        return bytes(content.data).decode(encoding)
    except UnicodeDecodeError as error:
        raise BadSample(
            place, f"{where} is not text in {encoding} ({error.reason} at byte {error.start})"
        ) from None


def _variables(
    path: Path, place: str, names: Mapping[str, Shape], required: tuple[str, ...], megabytes: int
) -> dict[str, _Array]:
    """The arrays of these names, headers read."""
    found: dict[str, _Array] = {}
    others: list[str] = []
    for array in _arrays(_read(path, place, megabytes * 2**20), megabytes * 2**20):
        if array.name in found:
            raise BadSample(place, f"holds {array.name} twice; keep one")
        if array.name in names:
            found[array.name] = array
        else:
            others.append(array.name)
    missing = [name for name in required if name not in found]
    if missing:
        shown = ", ".join([*found, *others][:8]) or "nothing"
        raise BadSample(place, f"has no variable {', '.join(missing)}; it holds {shown}")
    return found


def _arrays(file: "_Bytes", room: int) -> Iterator[_Array]:
    while file.rest():
        kind, content = file.element(is_padded=False)
        if kind == _COMPRESSED:
            unpacked = _Bytes(_inflate(content, room), content.order, content.place)
            room -= len(unpacked.data)
            kind, content = unpacked.element()
        if kind == _MATRIX:
            yield _array(content)


def _array(content: "_Bytes") -> _Array:
    """The header of an array: its flags, its sides, its name."""
    if not content.rest():  # how an empty cell is written
        return _Array("", 6, False, (0, 0), content)
    _, flags = content.element()
    if len(flags.data) != 8:
        raise flags.damaged("an array's flags take 8 bytes")
    (word,) = struct.unpack_from(f"{flags.order}I", flags.data)
    _, sides = content.element()
    if len(sides.data) % 4 or not 8 <= len(sides.data) <= 32 * 4:
        raise sides.damaged(f"an array's sides take {len(sides.data)} bytes")
    shape = struct.unpack(f"{sides.order}{len(sides.data) // 4}i", sides.data)
    # Every element of an array takes a byte at least, and an empty side must not hide a huge one.
    if min(shape) < 0 or prod(max(side, 1) for side in shape) > max(len(content.data), 1):
        raise sides.damaged(f"an array is said to be {_sides(shape)}, more than the file holds")
    _, name = content.element()
    text = bytes(name.data).rstrip(b"\0").decode("ascii", "replace")
    return _Array(text, word & 0xFF, bool(word & _COMPLEX), shape, content)


class _Bytes:
    """Elements one after another, in one order of bytes."""

    def __init__(self, data: bytes | memoryview, order: str, place: str) -> None:
        self.data = memoryview(data)
        self.order = order
        self.place = place
        self._position = 0

    def rest(self) -> int:
        """Bytes not read yet."""
        return len(self.data) - self._position

    def damaged(self, what: str) -> BadSample:
        return BadSample(self.place, f"{what}; the file is damaged, fetch it again")

    def element(self, is_padded: bool = True) -> tuple[int, "_Bytes"]:
        """The next element: the number of its type, and its bytes."""
        if self.rest() < 8:
            raise self.damaged("an array ends early")
        kind, count = struct.unpack_from(f"{self.order}II", self.data, self._position)
        start, end = self._position + 8, self._position + 8 + count
        self._position = end + (-count % 8 if is_padded else 0)
        if kind >> 16:  # a small element: both in one word, and the bytes in the next
            kind, count = kind & 0xFFFF, kind >> 16
            start, end = start - 4, start - 4 + count
            self._position = start + 4
        if end > len(self.data) or self._position - end > 8:
            raise self.damaged(f"an element of {count} bytes ends after the file does")
        self._position = min(self._position, len(self.data))
        return kind, _Bytes(self.data[start:end], self.order, self.place)


def _inflate(packed: _Bytes, room: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed.data, max(room, 1))
    except zlib.error as error:
        raise packed.damaged(f"an array cannot be unpacked ({error})") from None
    if unpacker.unconsumed_tail or len(data) > room:
        raise BadSample(packed.place, "unpacks to more bytes than such a file may have")
    if not unpacker.eof:
        raise packed.damaged("a packed array ends early")
    return data


def _read(path: Path, place: str, limit: int) -> _Bytes:
    """Read the elements after the header of version 5."""
    try:
        with open_file(path) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise BadSample(place, f"cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise BadSample(place, f"has more than the {limit} bytes that such a file may have")
    if data.startswith(_HDF5) or data[_HDF5_BLOCK:].startswith(_HDF5):
        raise BadSample(place, "is of MATLAB's version 7.3 (HDF5), not 5; in MATLAB, save it with -v7")
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(data[124:_HEADER])
    if order is None:
        raise BadSample(place, "is not a .mat file of MATLAB's version 5; fetch it again")
    return _Bytes(memoryview(data)[_HEADER:], order, place)


def _class(array: _Array) -> str:
    return _CLASSES[array.kind] if array.kind < len(_CLASSES) else f"number {array.kind}"


def _sides(shape: Shape) -> str:
    return " × ".join("any" if side is None else str(side) for side in shape)
