"""Runs that a command is told by name: what was found on the faces of a fold, and what lies beside it."""

from pathlib import Path
from typing import Any, get_args

from facealign.cli import home, paths
from facealign.cli.json_file import read_json
from facealign.config import UserError
from facealign.geometry import LandmarkSchema, Normaliser
from facealign.training.measured_faces import MeasuredFaces

EVALUATION, TEST, VALIDATION = "evaluation.json", "test.arrow", "validation.arrow"


def run_folder(name: str) -> Path:
    """A name of ``outputs/evaluated`` stands for its folder there; every other name for a folder.

    Raises:
        UserError: There is no folder that holds measured faces.
    """
    evaluated = paths.evaluated(name).figures.parent
    home.fetch(evaluated)
    folder = evaluated if evaluated.is_dir() else Path(name)
    if not (folder / TEST).is_file():
        known = sorted(path.parent.name for path in paths.OUTPUTS.glob(f"evaluated/*/{TEST}"))
        raise UserError(
            f"{name}: neither a run in {paths.OUTPUTS}/evaluated ({', '.join(known) or 'there is none'}) nor a "
            f"folder with {TEST}; evaluate a method (`dvc repro`), or measure predictions with `facealign score`"
        )
    return folder


def faces_of(folder: Path, fold: str) -> MeasuredFaces:
    """What was found on the faces of ``test`` or ``val``.

    Raises:
        UserError: There is no such fold, or nothing was measured on it.
    """
    files = {"test": TEST, "val": VALIDATION}
    if fold not in files:
        raise UserError(f"fold {fold!r}: runs are measured on {' and '.join(files)}")
    return MeasuredFaces.read(folder / files[fold])


def evaluation_of(folder: Path) -> dict[str, Any]:
    """The run's figures, and how they were measured.

    Raises:
        UserError: There are none, or an earlier version wrote them.
    """
    path = folder / EVALUATION
    if not path.is_file():
        raise UserError(f"{path}: is missing; evaluate the method, or `facealign score` the predictions, again")
    found = read_json(path)
    if "test" not in found.get("figures", {}):
        raise UserError(f"{path}: has no figures with intervals, of an earlier version; evaluate again")
    return found


def normaliser_of(folder: Path, schema: LandmarkSchema) -> Normaliser:
    """What the run's evaluation divides errors by; where it tells nothing, the schema's first, or the box."""
    path = folder / EVALUATION
    return normaliser_named(read_json(path)["normaliser"]) if path.is_file() else first_normaliser(schema)


def first_normaliser(schema: LandmarkSchema) -> Normaliser:
    """Of those that the schema has landmarks for, the first; else the box."""
    return next(iter(schema.normalisers.names), "box")


def normaliser_named(name: str) -> Normaliser:
    """The normaliser of that name.

    Raises:
        UserError: There is none.
    """
    for normaliser in get_args(Normaliser):
        if normaliser == name:
            found: Normaliser = normaliser
            return found
    raise UserError(f"normaliser {name!r} is unknown; known are: {', '.join(get_args(Normaliser))}")
