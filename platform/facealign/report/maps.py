"""Draws a network's maps over the faces, beside their targets.

Neighboring channels have different colors, and a channel has the same color in both maps: a landmark that was
taken for another one shows, and so does the shape of each single response.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.methods import Method
from facealign.report.faces import FaceCell, image_grid
from facealign.report.style import ON_DARK
from facealign.storage.store import Place
from facealign.training import InputSpec, ModelFolder

_DARKNESS = 0.35
"""How bright the gray face under the maps is."""


def maps_grid(
    model: ModelFolder, shards: Place, fold: Fold, count: int, cell_size: int = 256
) -> NDArray[np.uint8]:
    """A row for each of ``count`` faces, evenly spread over the fold: the crop, then every map and its target.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UserError: The method makes no maps, or the shards do not read or are not of the model's kind.
    """
    reader = ShardReader(shards, fold)
    model.require(InputSpec(crop=reader.index.crop, landmarks=reader.index.landmarks), shards)
    rows = np.linspace(0, len(reader) - 1, min(count, len(reader))).round().astype(int)
    faces = FaceDataset(reader)
    batch = collate([faces[Draw(row, 0, row)] for row in rows.tolist()])
    name = model.card.job.method
    columns = _columns(model.method, batch, name)
    cells = [
        cell
        for number, first in enumerate(_faces(model.method, batch))
        for cell in (
            first,
            *(
                FaceCell(image=overlay(first.image, maps[number], cell_size), caption=heading)
                for heading, maps in columns.items()
            ),
        )
    ]
    title = f"{name}: maps of {reader.index.source.name}, {fold} fold"
    return image_grid(cells, reader.index.landmarks, columns=1 + len(columns), cell_size=cell_size, title=title)


def overlay(image: NDArray[np.uint8], maps: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """The darkened crop with its maps in colors; where several respond, the strongest.

    Args:
        image: (S, S, 3) uint8 RGB.
        maps: (C, h, w), 0 leaves the crop as it is and 1 covers it; what lies outside counts as the nearer end.
            A map pixel covers S/h crop pixels.
        size: Side of the result, px.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    gray = cv2.cvtColor(cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2GRAY)
    strength, color = np.zeros((size, size), np.float32), np.zeros((size, size, 3), np.float32)
    for number, response in enumerate(maps):
        enlarged = cv2.resize(np.clip(response, 0, 1), (size, size), interpolation=cv2.INTER_LINEAR)
        stronger = enlarged > strength
        strength[stronger] = enlarged[stronger]
        color[stronger] = ON_DARK[number % len(ON_DARK)]
    dark = _DARKNESS * gray[..., None].astype(np.float32)
    return np.asarray(np.rint(dark + (color - dark) * strength[..., None]), dtype=np.uint8)


@torch.no_grad()
def _columns(method: Method, batch: Batch, name: str) -> dict[str, NDArray[np.float32]]:
    """(B, C, h, w) by heading: each map, and its target behind it."""
    found, wanted = method.maps(batch.images), method.true_maps(batch)
    if not found:
        raise UserError(f"{name} with these settings makes no maps: it goes from features to coordinates at once")
    columns: dict[str, NDArray[np.float32]] = {}
    for key, maps in found.items():
        columns[key] = maps.float().numpy()
        if key in wanted:
            columns[f"{key}, target"] = wanted[key].float().numpy()
    return columns


@torch.no_grad()
def _faces(method: Method, batch: Batch) -> list[FaceCell]:
    """The crops with true and predicted landmarks."""
    points = method.decode(method(batch.images)).double().numpy()
    truth = np.where(batch.valid.numpy()[..., None], batch.points.double().numpy(), np.nan)
    off = np.nanmean(np.linalg.norm(points - truth, axis=-1), axis=1)
    return [
        FaceCell(
            image=batch.images[i].permute(1, 2, 0).numpy(),
            truth=truth[i],
            predicted=points[i],
            caption=f"{off[i]:.1f} px off on average\n{batch.ids[i]}",
        )
        for i in range(len(batch))
    ]
