"""Predictions on each face of a fold, as a file; reports, gates and comparisons are made from it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.shards.row import Labels
from facealign.geometry import LandmarkSchema
from facealign.storage.atomic import write_atomically
from facealign.training.predictions import Predictions


@dataclass(frozen=True)
class FacePredictions:
    """F faces with what was found on them.

    Attributes:
        found: Landmarks found and true, pixels of the photos.
        labels: What each is reported under.
        schema: Of the landmarks.
        data_digest: Of the shards that they are from.
    """

    found: Predictions
    labels: tuple[Labels, ...]
    schema: LandmarkSchema
    data_digest: str

    def of(self, faces: NDArray[np.bool_] | NDArray[np.intp]) -> "FacePredictions":
        """Some of the faces: those of an (F,) mask, or of rows in their order."""
        rows = np.arange(len(self.labels))[faces]
        return replace(self, found=self.found.of(faces), labels=tuple(self.labels[row] for row in rows.tolist()))

    def with_predicted(self, points: NDArray[np.float64]) -> "FacePredictions":
        """Return the faces with other predictions: (F, N, 2), pixels of the photos."""
        return replace(self, found=replace(self.found, predicted=points))

    def write(self, path: Path) -> None:
        """Write an Arrow file, whole or not at all; equal faces give equal bytes."""
        arrays = {
            "id": pa.array([labels.id for labels in self.labels], pa.string()),
            "subset": pa.array([labels.subset for labels in self.labels], pa.string()),
            "photo": pa.array([labels.photo for labels in self.labels], pa.string()),
            "attributes": pa.array([list(labels.attributes) for labels in self.labels], pa.list_(pa.string())),
            "predicted": _column(self.found.predicted),
            "truth": _column(self.found.truth),
            "valid": _column(self.found.valid),
            "visible": _column(
                np.ones_like(self.found.valid) if self.found.visible is None else self.found.visible
            ),
            "to_photo": _column(self.found.to_photo),
        }
        about = {"landmarks": self.schema.model_dump_json(), "data_digest": self.data_digest}
        table = pa.table(arrays).replace_schema_metadata(about)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, sink.getvalue())

    @classmethod
    def read(cls, path: Path) -> "FacePredictions":
        """Read what ``write`` wrote.

        Raises:
            UserError: There is no such file, or it is another kind of file.
        """
        try:
            table = pa.ipc.open_file(pa.OSFile(str(path))).read_all()
            about = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
            schema = LandmarkSchema.model_validate(json.loads(about["landmarks"]))
            columns = {name: table[name].to_pylist() for name in ("id", "subset", "photo", "attributes")}
            n = schema.size
            found = Predictions(
                predicted=_array(table, "predicted", (n, 2)),
                truth=_array(table, "truth", (n, 2)),
                valid=_array(table, "valid", (n,)),
                to_photo=_array(table, "to_photo", (2, 3)),
                ids=tuple(columns["id"]),
                visible=_array(table, "visible", (n,)),
            )
            digest = about["data_digest"]
        except FileNotFoundError:
            raise UserError(
                f"{path}: there is no such file of measured faces; evaluate the method first"
            ) from None
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise UserError(
                f"{path}: is no file of measured faces ({error}); evaluate the method again"
            ) from error
        labels = tuple(
            Labels(id=name, subset=subset, photo=photo, attributes=tuple(attributes))
            for name, subset, photo, attributes in zip(*columns.values(), strict=True)
        )
        return cls(found, labels, schema, digest)


def _column(rows: NDArray[np.float64] | NDArray[np.bool_]) -> pa.Array:
    """(F, …) numbers as F lists of fixed length."""
    flat = np.ascontiguousarray(rows).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), int(np.prod(rows.shape[1:])))


def _array(table: pa.Table, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    flat = np.array(table[name].combine_chunks().flatten())
    return flat.reshape(len(table), *shape)
