"""Images of prepared faces, of what a network sees, and of its errors."""

from pathlib import Path

import numpy as np

from facealign.config import UserError
from facealign.data.augmentation.recipes import RECIPES
from facealign.data.augmentation.settings import NONE, AugmentSettings
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.folds import fold_named
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.aligned_errors import aligned_errors
from facealign.methods import METHODS
from facealign.metrics import angles_to_edges, error_ellipses
from facealign.report.faces import FaceCell, image_grid, save_png
from facealign.report.maps import maps_grid
from facealign.storage.store import Place
from facealign.workflows.evaluate import faces_of, model_named, normalizer_of, run_folder
from facealign.workflows.settings import load_params
from facealign.workflows.workspace import write_json


def draw_face_grid(shards: Place, fold: str, count: int, augmented: str | None, out: Path) -> None:
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
    save_png(out, image_grid(cells, reader.index.landmarks, columns=6, cell_size=256, title=title))


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


# ``facealign ellipses``: the ellipses of a run's errors, in the form that ADL's λ is read from.


_DIGITS = 6


def write_ellipses(run: str, fold: str, out: Path) -> str:
    """Fit an ellipse to each landmark's errors, and write them under ``ellipses``: [a, b] for each landmark.

    Returns:
        A line on what they are.

    Raises:
        UserError: There is no such run, or a landmark is known on fewer than two faces.
    """
    folder = run_folder(run)
    faces = faces_of(folder, fold)
    normalizer = normalizer_of(folder, faces.schema)
    upright = aligned_errors(faces.found, faces.schema, normalizer)
    found = error_ellipses(upright.errors, upright.valid)
    angles = angles_to_edges(found, upright.mean_face, faces.schema)
    strengths = found.anisotropy
    write_json(
        out,
        {
            "run": run,
            "fold": fold,
            "faces": len(faces.labels),
            "data_digest": faces.data_digest,
            "landmarks": faces.schema.name,
            "normalizer": normalizer,
            "lambda": strengths.round(_DIGITS).tolist(),
            "axis_to_edge_degrees": [None if np.isnan(angle) else round(float(angle), 2) for angle in angles],
            "ellipses": found.radii.round(_DIGITS).tolist(),
        },
    )
    return (
        f"λ of {faces.schema.size} landmarks from {len(faces.labels)} faces: {strengths.min():.2f} to "
        f"{strengths.max():.2f}, median {np.median(strengths):.2f}; long axes {np.nanmedian(angles):.0f}° off the "
        "edges (median; 45° would be chance)"
    )


# A trained network's maps as an image grid.


def draw_maps(model: str, shards: Place, fold: str, count: int, out: Path) -> None:
    """Draw what a trained model sees in ``count`` faces of a fold.

    Args:
        model: See ``model_named``.

    Raises:
        UserError: There is no such model, fold or data, or the method makes no maps.
    """
    known_fold = fold_named(fold)
    save_png(out, maps_grid(model_named(model), shards, known_fold, count))
