"""Test faces with what was found on them beside the truth."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.dataset import Draw, FaceDataset
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.store import Place
from facealign.report.evaluation import Evaluation
from facealign.report.faces import FaceCell, contact_sheet


def sheet_of_predictions(
    measured: Evaluation, shards: Place, fold: Fold, count: int, title: str
) -> NDArray[np.uint8]:
    """Faces from the best to the worst in even steps of rank, in their crops: (H, W, 3) uint8 RGB."""
    reader = ShardReader(shards, fold)
    faces = FaceDataset(reader)
    ranked = np.argsort(measured.errors, kind="stable")
    chosen = ranked[np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)]
    in_crops = measured.faces.found.in_crops(measured.faces.found.predicted)
    cells = []
    for row in chosen.tolist():
        face = faces[Draw(row, 0, row)]
        cells.append(
            FaceCell(
                image=face["images"],
                truth=np.where(face["valid"][:, None], face["points"], np.nan),
                predicted=in_crops[row],
                visible=face["visible"],
                caption=f"NME {measured.errors[row]:.2%}\n{face['ids']}",
            )
        )
    return contact_sheet(cells, reader.index.landmarks, title=title)
