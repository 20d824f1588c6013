"""Where the landmarks of a schema are drawn."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.geometry.schema import SchemaFile


def layout_of(schema: SchemaFile, name: str, shards: Path | None) -> NDArray[np.float64]:
    """(N, 2): the mean shape of prepared data, or else the layout that the schema's file gives.

    Raises:
        UserError: There is neither, or the data have other landmarks.
    """
    if shards is not None:
        reader = ShardReader(shards, "train")
        if reader.index.landmarks != schema.schema_alone():
            raise UserError(
                f"{shards}: has landmarks {reader.index.landmarks.name}, which are not those of {name}"
            )
        return _mean(reader)
    if not schema.layout:
        raise UserError(
            f"{name}: a picture needs positions: add `layout:` with an [x, y] for each landmark, or name data "
            "that were prepared with it: --shards outputs/shards"
        )
    return np.array(schema.layout)


def _mean(reader: ShardReader) -> NDArray[np.float64]:
    """(N, 2) the mean of each landmark over the stored crops; NaN where none knows it."""
    size = reader.index.landmarks.size
    total_N2, count_N = np.zeros((size, 2)), np.zeros(size)
    for face in reader:
        total_N2 += np.where(face.valid[:, None], face.points, 0)
        count_N += face.valid
    mean_N2 = np.full((size, 2), np.nan)
    np.divide(total_N2, count_N[:, None], out=mean_N2, where=count_N[:, None] > 0)
    return mean_N2
