"""A run's best faces and its worst, in their crops."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.shards.reader import ShardReader
from facealign.report.comparison.run import Run
from facealign.report.faces import contact_sheet
from facealign.report.predictions import face_cells

_CELL = 240  # px
_COLUMNS = 3


def sheet_of_extremes(run: Run, reader: ShardReader, count: int) -> NDArray[np.uint8]:
    """``count`` faces with the smallest errors, then as many with the largest: (H, W, 3) uint8 RGB.

    Args:
        reader: The shards that have these faces' pictures.
    """
    ranked = np.argsort(run.errors, kind="stable")
    count = min(count, len(ranked) // 2) or len(ranked)
    chosen = list(dict.fromkeys([*ranked[:count].tolist(), *ranked[-count:].tolist()]))
    cells = face_cells(run.faces, run.errors, reader, chosen)
    return contact_sheet(cells, run.schema, columns=_COLUMNS, cell_size=_CELL, title=run.name)
