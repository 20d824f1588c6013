"""One prepared face, and the Arrow columns that it is a row of."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.config import digest_json
from facealign.data.images import Image8, decode


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a face is reported under.

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
    """A face as it lies in a shard.

    Attributes:
        labels: What it is reported under.
        encoded: (bytes,) uint8, the stored crop as a JPEG or PNG file.
        points: (N, 2) float32, stored-crop pixels; 0 where unknown. Good to 10⁻⁵ px.
        valid: (N,) bool; True where the landmark has coordinates.
        visible: (N,) bool; True where the landmark is to be seen.
        to_photo: (2, 3) float64, stored-crop pixels → pixels of the photo.
    """

    labels: Labels
    encoded: NDArray[np.uint8]
    points: NDArray[np.float32]
    valid: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    to_photo: NDArray[np.float64]

    def image(self) -> Image8:
        """The stored crop, decoded: (stored size, stored size, 3) uint8 RGB."""
        return decode(self.encoded)


def arrow_schema(landmarks: int) -> pa.Schema:
    """The columns, none of which may be null, for N landmarks."""
    columns = {
        "id": pa.string(),
        "subset": pa.string(),
        "photo": pa.string(),
        "attributes": pa.list_(pa.string()),
        "image": pa.binary(),
        "points": pa.list_(pa.float32(), 2 * landmarks),
        "valid": pa.list_(pa.bool_(), landmarks),
        "visible": pa.list_(pa.bool_(), landmarks),
        "to_photo": pa.list_(pa.float64(), 6),
    }
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def fingerprint(schema: pa.Schema) -> str:
    """A digest of the columns' names and types."""
    return digest_json([[field.name, str(field.type), field.nullable] for field in schema])


def to_batch(faces: list[StoredFace]) -> pa.RecordBatch:
    """Faces of one landmark schema as one Arrow record batch."""
    schema = arrow_schema(len(faces[0].points))
    values = {
        "id": [face.labels.id for face in faces],
        "subset": [face.labels.subset for face in faces],
        "photo": [face.labels.photo for face in faces],
        "attributes": [list(face.labels.attributes) for face in faces],
        "image": [face.encoded.tobytes() for face in faces],
        "points": [face.points.ravel() for face in faces],
        "valid": [face.valid for face in faces],
        "visible": [face.visible for face in faces],
        "to_photo": [face.to_photo.ravel() for face in faces],
    }
    return pa.record_batch([pa.array(values[field.name], field.type) for field in schema], schema=schema)
