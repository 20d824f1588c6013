"""A prepared face, and its row in an Arrow file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.config import digest_json
from facealign.data.images import Image8, decode, encode
from facealign.data.shards.settings import ShardSettings


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Labels of a face: id, subset, photo, attributes.

    Attributes:
        id: The sample.
        subset: Its group in the data set.
        photo: Shared by the faces of one photo.
        attributes: The names of its yes/no labels that are yes, sorted.
    """

    id: str
    subset: str
    photo: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StoredFace:
    """A face as it is stored in a shard.

    Attributes:
        labels: What it is reported under.
        encoded: (bytes,) uint8, the stored crop as a JPEG or PNG file, or its bare pixels.
        points: (N, 2) float32, stored-crop pixels; 0 where unknown. Good to 10⁻⁵ px.
        valid: (N,) bool; True where the landmark has coordinates.
        visible: (N,) bool; True where the landmark is to be seen.
        to_photo: (2, 3) float64, stored-crop pixels → pixels of the photo.
        raw_side: Side of the stored crop, px, where ``encoded`` holds bare pixels; else None.
    """

    labels: Labels
    encoded: NDArray[np.uint8]
    points: NDArray[np.float32]
    valid: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    to_photo: NDArray[np.float64]
    raw_side: int | None = None

    def image(self) -> Image8:
        """The stored crop: (stored size, stored size, 3) uint8 RGB; a view, not to be changed, of bare pixels."""
        if self.raw_side is not None:
            return self.encoded.reshape(self.raw_side, self.raw_side, 3)
        return decode(self.encoded)


class ShardRow(NamedTuple):
    """A stored face, and a digest of its photo's pixels by which an image is found in two folds."""

    face: StoredFace
    image_digest: str


def encode_crop(image: Image8, settings: ShardSettings) -> NDArray[np.uint8]:
    """A stored crop in the form that the settings ask for, as bytes."""
    if settings.encoding == "raw":
        return np.ascontiguousarray(image).reshape(-1)
    return np.frombuffer(encode(image, settings.encoding, settings.quality), dtype=np.uint8)


def arrow_schema(landmarks: int) -> pa.Schema:
    """The columns, none of which may be null, for N landmarks."""
    columns = {
        "id": pa.string(),
        "subset": pa.string(),
        "photo": pa.string(),
        "attributes": pa.list_(pa.string()),
        "image": pa.large_binary(),
        "points": pa.list_(pa.float32(), 2 * landmarks),
        "valid": pa.list_(pa.bool_(), landmarks),
        "visible": pa.list_(pa.bool_(), landmarks),
        "to_photo": pa.list_(pa.float64(), 6),
        "image_digest": pa.string(),
    }
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def fingerprint(schema: pa.Schema) -> str:
    """A digest of the columns' names and types."""
    return digest_json([[field.name, str(field.type), field.nullable] for field in schema])


def to_batch(rows: Sequence[ShardRow]) -> pa.RecordBatch:
    """Rows of one landmark schema, at least one, as an Arrow record batch; equal rows give equal buffers."""
    faces = [row.face for row in rows]
    schema = arrow_schema(len(faces[0].points))
    values = {
        "id": [face.labels.id for face in faces],
        "subset": [face.labels.subset for face in faces],
        "photo": [face.labels.photo for face in faces],
        "attributes": [list(face.labels.attributes) for face in faces],
        "image_digest": [row.image_digest for row in rows],
    }
    arrays = {name: pa.array(value, schema.field(name).type) for name, value in values.items()}
    for name in ("points", "valid", "visible", "to_photo"):
        flat = np.concatenate([getattr(face, name).ravel() for face in faces])
        arrays[name] = pa.FixedSizeListArray.from_arrays(pa.array(flat), type=schema.field(name).type)
    arrays["image"] = _binary([face.encoded for face in faces])
    return pa.record_batch([arrays[field.name] for field in schema], schema=schema)


def join(pieces: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Batches of the same columns, at least one, one after another; equal rows give equal buffers, however cut."""
    schema = pieces[0].schema
    return pa.record_batch(
        [_joined([piece.column(i) for piece in pieces]) for i in range(len(schema))], schema=schema
    )


def _joined(arrays: list[Any]) -> Any:
    kind = arrays[0].type
    if not (pa.types.is_fixed_size_list(kind) and pa.types.is_boolean(kind.value_type)):
        return pa.concat_arrays(arrays)
    # Packed anew: the bits that fill up the last byte are anything in a piece of an array.
    flat = np.concatenate([array.flatten().to_numpy(zero_copy_only=False) for array in arrays])
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind)


def _binary(parts: list[NDArray[np.uint8]]) -> Any:
    offsets = np.cumsum([0, *(part.nbytes for part in parts)], dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.concatenate(parts))]
    return pa.Array.from_buffers(pa.large_binary(), len(parts), buffers)
