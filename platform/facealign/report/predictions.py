"""Test faces with what was found on them beside the truth."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.evaluate import Evaluation
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import affine
from facealign.report.comparison.run import ReportRun
from facealign.report.faces import FaceCell, image_grid
from facealign.storage.store import Place


def predictions_grid(measured: Evaluation, shards: Place, fold: Fold, count: int, title: str) -> NDArray[np.uint8]:
    """Faces from the best to the worst in even steps of rank, in their crops: (H, W, 3) uint8 RGB."""
    reader = ShardReader(shards, fold)
    ranked = np.argsort(measured.errors, kind="stable")
    chosen = ranked[np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)]
    cells = face_cells(measured.faces, measured.errors, reader, chosen.tolist())
    return image_grid(cells, reader.index.landmarks, title=title)


def face_cells(
    faces: FacePredictions, errors: NDArray[np.float64], reader: ShardReader, chosen: Sequence[int]
) -> list[FaceCell]:
    """Some of the measured faces with their images; found by their ids, so that the two may differ in order.

    Args:
        errors: (F,) NME of each, for the captions.
        reader: The shards that hold the images.
        chosen: Of the F faces.

    Raises:
        UserError: The shards have other landmarks, or not these faces.
    """
    if reader.index.landmarks != faces.schema:
        raise UserError(f"{reader.folder}: faces with landmarks {reader.index.landmarks.name}, not those measured")
    rows = {labels.id: row for row, labels in enumerate(reader.labels())}
    views = FaceDataset(reader)
    cells = []
    for number in chosen:
        name = faces.found.ids[number]
        if name not in rows:
            raise UserError(f"{reader.folder}: the fold {reader.fold} has no face {name}")
        face = views[Draw(rows[name], 0, rows[name])]
        cells.append(
            FaceCell(
                image=face["images"],
                truth=np.where(face["valid"][:, None], face["points"], np.nan),
                predicted=affine.apply(affine.invert(face["to_photo"]), faces.found.predicted[number]),
                visible=face["visible"],
                caption=f"NME {errors[number]:.2%}\n{name}",
            )
        )
    return cells


# A run's best faces and its worst, in their crops.


_CELL = 240  # px
_COLUMNS = 3


def extremes_grid(run: ReportRun, reader: ShardReader, count: int) -> NDArray[np.uint8]:
    """``count`` faces with the smallest errors, then as many with the largest: (H, W, 3) uint8 RGB.

    Args:
        reader: The shards that hold these faces' images.
    """
    ranked = np.argsort(run.errors, kind="stable")
    count = min(count, len(ranked) // 2) or len(ranked)
    chosen = list(dict.fromkeys([*ranked[:count].tolist(), *ranked[-count:].tolist()]))
    cells = face_cells(run.faces, run.errors, reader, chosen)
    return image_grid(cells, run.schema, columns=_COLUMNS, cell_size=_CELL, title=run.name)
