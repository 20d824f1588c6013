"""The columns of one shard as views of its bytes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.data.shards.row import Labels, StoredFace, arrow_schema

_POSITIONS = {name: i for i, name in enumerate(arrow_schema(1).names)}


@dataclass(frozen=True)
class Strings:
    """A column of texts; only those asked for are decoded."""

    offsets: NDArray[np.int32]
    text: memoryview

    def __getitem__(self, i: int) -> str:
        return str(self.text[self.offsets[i] : self.offsets[i + 1]], "utf-8")


@dataclass(frozen=True)
class Bits:
    """(R, N) truth values, eight to a byte."""

    packed: NDArray[np.uint8]
    width: int

    def __getitem__(self, i: int) -> NDArray[np.bool_]:
        first, stop = i * self.width, (i + 1) * self.width
        bits = np.unpackbits(self.packed[first // 8 : -(-stop // 8)], bitorder="little")
        return bits[first % 8 : first % 8 + self.width].view(np.bool_)

    def all(self, rows: int) -> NDArray[np.bool_]:
        """(R, N)."""
        bits = np.unpackbits(self.packed, count=rows * self.width, bitorder="little")
        return bits.reshape(rows, self.width).view(np.bool_)


@dataclass(frozen=True)
class Columns:
    """An open shard of R rows of N landmarks, as views of its bytes.

    Attributes:
        points: (R, N, 2) float32.
        to_photo: (R, 2, 3) float64.
        raw_side: Side of the stored crops where images are bare pixels.
    """

    rows: int
    raw_side: int | None
    id: Strings
    subset: Strings
    photo: Strings
    attributes: Strings
    attribute_offsets: NDArray[np.int32]
    image_offsets: NDArray[np.int64]
    image_bytes: NDArray[np.uint8]
    points: NDArray[np.float32]
    valid: Bits
    visible: Bits
    to_photo: NDArray[np.float64]

    def labels(self, i: int) -> Labels:
        """The labels of row ``i``."""
        first, stop = self.attribute_offsets[i : i + 2]
        return Labels(
            id=self.id[i],
            subset=self.subset[i],
            photo=self.photo[i],
            attributes=tuple(self.attributes[j] for j in range(first, stop)),
        )

    def face(self, i: int) -> StoredFace:
        """Row ``i``."""
        start, stop = self.image_offsets[i : i + 2]
        return StoredFace(
            labels=self.labels(i),
            encoded=self.image_bytes[start:stop],
            points=self.points[i],
            valid=self.valid[i],
            visible=self.visible[i],
            to_photo=self.to_photo[i],
            raw_side=self.raw_side,
        )


def open_columns(file: Any, landmarks: int, raw_side: int | None) -> Columns:
    """A whole shard.

    Args:
        file: A memory map of it, as Arrow's.
        landmarks: N.
        raw_side: See ``Columns``.

    Raises:
        pyarrow.ArrowInvalid: It is not an Arrow file.
    """
    batch = pa.ipc.open_file(file).get_batch(0)
    attribute_offsets = np.frombuffer(batch.column("attributes").buffers()[1], dtype=np.int32)
    _, image_offsets, image_bytes = batch.column("image").buffers()
    return Columns(
        rows=batch.num_rows,
        raw_side=raw_side,
        attributes=_strings(batch.column("attributes").values),
        attribute_offsets=attribute_offsets,
        image_offsets=np.frombuffer(image_offsets, dtype=np.int64),
        image_bytes=np.frombuffer(image_bytes, dtype=np.uint8),
        points=_values(batch.column("points"), np.float32).reshape(-1, landmarks, 2),
        valid=Bits(_values(batch.column("valid"), np.uint8), landmarks),
        visible=Bits(_values(batch.column("visible"), np.uint8), landmarks),
        to_photo=_values(batch.column("to_photo"), np.float64).reshape(-1, 2, 3),
        **{name: _strings(batch.column(name)) for name in ("id", "subset", "photo")},
    )


def read_strings(file: Any, name: str) -> list[str]:
    """One column of texts, from a file of which nothing else is read."""
    texts: list[str] = _only(file, name).column(name).to_pylist()
    return texts


def read_landmarks(file: Any, landmarks: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The landmarks (R, N, 2), stored-crop pixels, and whether each is known, (R, N); no image is read."""
    batch = _only(file, "points", "valid")
    points = _values(batch.column("points"), np.float32).reshape(-1, landmarks, 2)
    return points, Bits(_values(batch.column("valid"), np.uint8), landmarks).all(batch.num_rows)


def _only(file: Any, *names: str) -> Any:
    options = pa.ipc.IpcReadOptions(included_fields=[_POSITIONS[name] for name in names])
    return pa.ipc.open_file(file, options=options).get_batch(0)


def _strings(array: Any) -> Strings:
    _, offsets, text = array.buffers()
    # Arrow leaves the buffers out where nothing would be in them.
    return Strings(
        np.frombuffer(offsets, dtype=np.int32) if offsets else np.zeros(1, dtype=np.int32),
        memoryview(text) if text else memoryview(b""),
    )


def _values(column: Any, kind: Any) -> NDArray[Any]:
    """The buffer below a column of lists of one length."""
    return np.frombuffer(column.values.buffers()[1], dtype=kind)
