"""Landmarks that another program found, measured as ours are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from facealign.cli.measured import PARTS, check_name, keep
from facealign.cli.params import load_params
from facealign.data.folds import Fold, fold_named
from facealign.data.shards.store import Place
from facealign.report.evaluation import Evaluation
from facealign.report.evaluation_file import Part
from facealign.report.face_errors import face_errors
from facealign.report.scoring import Scored, read_predictions, read_truth, score


def score_predictions(
    predictions: Path,
    truth: Place,
    name: str,
    fold: str,
    origin: Literal["zero", "one"],
    allow_missing: bool,
    params: Path,
) -> str:
    """Measure predictions on the faces that they are of.

    Args:
        predictions: See ``read_predictions``.
        truth: See ``read_truth``.
        name: Of the result's folder.
        fold: ``train``, ``val`` or ``test``, of shards.
        origin: What JSON and CSV call the centre of the top-left pixel.
        allow_missing: Measure the faces that have a prediction, where some have none.
        params: The settings file, for ``evaluation``.

    Returns:
        Lines for the screen.

    Raises:
        UserError: Truth or predictions do not read, or do not fit each other.
    """
    check_name(name)
    known_fold, config = fold_named(fold), load_params(params).evaluation
    faces = read_truth(truth, known_fold)
    scored = score(faces, read_predictions(predictions, faces.schema, origin), allow_missing)
    measured = Evaluation(scored.faces, face_errors(scored.faces, config), None)
    about = {
        "predictions": str(predictions),
        "truth": str(truth),
        "missing": list(scored.missing),
        "unused": scored.unused,
        "elsewhere": list(scored.elsewhere),
        "offset_px": list(scored.offset),
    }
    line = keep(name, _part(truth, known_fold), measured, config, about)
    return "\n".join([line, *_notes(scored)])


def _part(truth: Place, fold: Fold) -> Part:
    """A file of measured faces says by its name which fold it is of."""
    stem = Path(str(truth)).stem if str(truth).endswith(".arrow") else ""
    return next((part for part in PARTS.values() if part == stem), PARTS[fold])


def _notes(scored: Scored) -> Iterator[str]:
    x, y = scored.offset
    yield f"mean of predicted − true: ({x:+.2f}, {y:+.2f}) px; about (+1, +1) is how a wrong --origin looks"
    if scored.missing:
        yield f"{len(scored.missing)} faces have no prediction and are left out, so these are other faces' figures"
    if scored.unused:
        yield f"{scored.unused} predictions are of no face here"
    if scored.elsewhere:
        yield f"{len(scored.elsewhere)} predictions are nowhere near their faces; they count all the same"
