"""Figures of a fold."""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.data.views import move_points, plain_view


def mean_shape(reader: ShardReader) -> NDArray[np.float64]:
    """The mean of each landmark over the plain views of a fold: (N, 2), crop pixels.

    Raises:
        UserError: A landmark is unknown in every face.
    """
    view = plain_view(reader.index.crop)
    schema = reader.index.landmarks
    total_N2 = np.zeros((schema.size, 2))
    count_N = np.zeros(schema.size)
    for face in reader:
        total_N2 += move_points(face.points, face.valid, view, schema)
        count_N += face.valid
    unknown = np.flatnonzero(count_N == 0)
    if unknown.size:
        raise UserError(
            f"{reader.folder}: landmarks {unknown.tolist()} are unknown in all {len(reader)} faces of "
            f"fold {reader.fold}, so they have no mean; choose a schema without them"
        )
    return total_N2 / count_N[:, None]
