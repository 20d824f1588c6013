"""Prepared faces on one sheet, for the eye."""

from pathlib import Path

import numpy as np

from facealign.cli.params import load_params
from facealign.config import UserError
from facealign.data.augmentation.recipes import RECIPES
from facealign.data.augmentation.settings import NONE, AugmentSettings
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.folds import fold_named
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.store import Place
from facealign.methods import METHODS
from facealign.report.faces import FaceCell, contact_sheet, save_png


def draw_sheet(shards: Place, fold: str, count: int, augmented: str | None, out: Path) -> None:
    """Draw ``count`` faces of a fold, evenly spread over it, with their landmarks.

    Args:
        augmented: See ``_augmentation``. None: the plain crops.

    Raises:
        UserError: There are no such shards, no such fold, no such method or recipe.
    """
    known_fold = fold_named(fold)
    augment = _augmentation(augmented) if augmented else NONE
    reader = ShardReader(shards, known_fold)
    faces = FaceDataset(reader, augment)
    rows = np.linspace(0, len(reader) - 1, min(count, len(reader))).round().astype(int)
    cells = []
    for row in rows.tolist():
        face = faces[Draw(row, 0, row)]
        points = np.where(face["valid"][:, None], face["points"], np.nan)
        cells.append(FaceCell(image=face["images"], truth=points, visible=face["visible"], caption=face["ids"]))
    title = f"{reader.index.source.name} · {fold} · {reader.index.landmarks.name}"
    save_png(out, contact_sheet(cells, reader.index.landmarks, columns=6, cell_size=256, title=title))


def _augmentation(name: str) -> AugmentSettings:
    """The augmentation of a method, as params.yaml has it; of a recipe for ``recipe:adnet`` or no method's name.

    Raises:
        UserError: There is neither.
    """
    recipe = name.removeprefix("recipe:")
    if recipe == name and name in METHODS:
        augment: AugmentSettings = load_params().section(name).train.augment
        return augment
    if recipe not in RECIPES:
        raise UserError(
            f"{name!r} is neither a method ({', '.join(METHODS)}) nor an augmentation recipe "
            f"({', '.join(sorted(RECIPES))})"
        )
    return AugmentSettings(recipe=recipe)
