"""Evaluates a trained method: metrics, curves and images for the stage and for its run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from facealign import tracking
from facealign.config import UserError
from facealign.data.folds import Fold, fold_named
from facealign.data.shards.index import Index
from facealign.evaluation.aggregate import Part, evaluation_file, flat
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.evaluate import Evaluation, evaluate
from facealign.evaluation.external import Scored, read_truth, score
from facealign.evaluation.external_files import read_predictions
from facealign.evaluation.face_errors import face_errors
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import LandmarkSchema, Normalizer
from facealign.methods import METHODS
from facealign.report.curves import ced, write_ced_csv
from facealign.report.faces import save_png
from facealign.report.predictions import predictions_grid
from facealign.report.style import MEAN_SHAPE
from facealign.storage.store import Place
from facealign.training import ModelFolder, load_model
from facealign.workflows import workspace
from facealign.workflows.settings import load_params
from facealign.workflows.workspace import read_json, write_json


def measure(method: str, config: EvaluationConfig) -> str:
    """Measure a trained method on the validation and the test fold, and write the stage's outs.

    Returns:
        One line for the screen.
    """
    workspace.download(workspace.trained(method).run.parent)
    model = load_model(workspace.trained(method).model)
    validation = evaluate(model, workspace.SHARDS, "val", config)
    test = evaluate(model, workspace.SHARDS, "test", config)
    places = workspace.evaluated(method)
    metrics = evaluation_file({"validation": validation, "test": test}, config)
    validation.faces.write(places.validation)
    test.faces.write(places.test)
    write_json(places.metrics, metrics)
    _draw(method, test, config)
    workspace.upload(places.metrics.parent)
    nme, mean_shape_nme = metrics["test"]["nme"], metrics["mean_shape"]["nme"]
    low, high = metrics["figures"]["test"]["full"]["nme"][1:]
    return (
        f"{method}: test NME {nme:.2%} (95 % interval {low:.2%} to {high:.2%}) over {len(test.errors)} faces, "
        f"{nme / mean_shape_nme:.2f} of the mean shape's {mean_shape_nme:.2%}"
    )


def record(method: str, settings: tracking.TrackingSettings) -> None:
    """Put the metrics and images of an evaluation into the training's run."""
    run = tracking.recalled(read_json(workspace.trained(method).run)["run"], settings)
    if run is None:
        return
    places = workspace.evaluated(method)
    metrics = read_json(places.metrics)
    tracker = tracking.tracker_for(run, workspace.SPOOL)
    for part in ("test", "mean_shape", "validation_mean_shape"):
        tracker.results({f"{part}/{name}": value for name, value in metrics[part].items()})
    tracker.results({f"test/{name}": value for name, value in flat(metrics["figures"]["test"]).items()})
    tracker.artifact(places.metrics, "evaluation")
    for picture in sorted(places.pictures.glob("*.png")):
        tracker.artifact(picture, "evaluation")
    tracker.close("FINISHED")


def _draw(method: str, test: Evaluation, config: EvaluationConfig) -> None:
    assert test.mean_shape_errors is not None, "a method has been trained, so there are training faces"
    curves = {method: test.errors, MEAN_SHAPE: test.mean_shape_errors}
    write_ced_csv(workspace.evaluated(method).ced, curves, config.failure_threshold)
    folder = workspace.evaluated(method).pictures
    folder.mkdir(parents=True, exist_ok=True)
    ced(curves, config.failure_threshold).savefig(folder / "ced.png")
    title = f"{method} on the test fold, from the best face to the worst"
    save_png(folder / "faces.png", predictions_grid(test, workspace.SHARDS, "test", config.faces, title))


# What is measured outside the pipeline, in a folder of its name.


PARTS: dict[Fold, Part] = {"train": "train", "val": "validation", "test": "test"}
"""Names of the folds in files and metrics."""

_NAME = re.compile(r"\w[\w.\- ]*")


def check_name(name: str) -> str:
    """The name, which becomes a folder's.

    Raises:
        UserError: It is no plain name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"--name {name!r}: a plain name is needed: letters, digits, `_`, `-`, `.` and blanks")
    return name


def save_outputs(
    name: str, part: Part, measured: Evaluation, config: EvaluationConfig, about: dict[str, Any]
) -> str:
    """Write ``evaluation.json`` and the measured faces.

    Args:
        name: Of the folder.
        part: Which fold it was.
        measured: What to write.
        config: How it was measured.
        about: Of what and on what; stands in the file under ``about``.

    Returns:
        One line for the screen.
    """
    content = evaluation_file({part: measured}, config)
    content["about"] = {"name": name, "fold": part, "data_digest": measured.faces.data_digest, **about}
    places = workspace.measured(name)
    measured.faces.write(places.metrics.with_name(f"{part}.arrow"))
    write_json(places.metrics, content)
    workspace.upload(places.metrics.parent)
    value, low, high = content["figures"][part]["full"]["nme"]
    return (
        f"{name}: NME {value:.2%} (95 % interval {low:.2%} to {high:.2%}, {config.normalizer}) over "
        f"{len(measured.errors)} faces; written to {places.metrics.parent}"
    )


# Models by name.


def model_named(name: str) -> ModelFolder:
    """A method's name stands for its model in ``outputs``; every other name for a model folder.

    Raises:
        UserError: There is no model.
    """
    return load_model(workspace.trained(name).model if name in METHODS else Path(name))


# A trained model measured on other faces than those it was trained beside.


def evaluate_on(model: str, shards: Place, fold: str, name: str | None, params: Path) -> str:
    """Measure a model on a fold of prepared faces.

    Args:
        model: See ``model_named``.
        shards: Of the kind of faces that the model was trained on: the same crop and landmarks.
        fold: ``train``, ``val`` or ``test``.
        name: Of the result's folder; None: ``METHOD-on-SOURCE``.
        params: The settings file, for ``evaluation``.

    Returns:
        One line for the screen.

    Raises:
        UserError: There is no such model, fold or data, or the faces are of another kind.
    """
    known_fold, config = fold_named(fold), load_params(params).evaluation
    trained = model_named(model)
    source = Index.load(shards).source.name
    called = check_name(name if name is not None else f"{trained.card.job.method}-on-{source}")
    measured = evaluate(trained, shards, known_fold, config)
    about = {
        "model": model,
        "config_hash": trained.card.config_hash,
        "trained_on": trained.card.job.data_digest,
        "shards": str(shards),
        "source": source,
    }
    return save_outputs(called, PARTS[known_fold], measured, config, about)


# Landmarks that another program found, measured as ours are.


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
        origin: What JSON and CSV call the center of the top-left pixel.
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
    line = save_outputs(name, _part(truth, known_fold), measured, config, about)
    return "\n".join([line, *_notes(scored)])


def _part(truth: Place, fold: Fold) -> Part:
    """Return the fold of a file of measured faces, by its name."""
    stem = Path(str(truth)).stem if str(truth).endswith(".arrow") else ""
    return next((part for part in PARTS.values() if part == stem), PARTS[fold])


def _notes(scored: Scored) -> Iterator[str]:
    x, y = scored.offset
    yield f"mean of predicted − true: ({x:+.2f}, {y:+.2f}) px; about (+1, +1) is how a wrong --origin looks"
    if scored.missing:
        yield f"{len(scored.missing)} faces have no prediction and are left out, so these are other faces' metrics"
    if scored.unused:
        yield f"{scored.unused} predictions are of no face here"
    if scored.elsewhere:
        yield f"{len(scored.elsewhere)} predictions are nowhere near their faces; they count all the same"


# Runs by name: predictions on the faces of a fold, and the files beside them.


EVALUATION, TEST, VALIDATION = "evaluation.json", "test.arrow", "validation.arrow"


def run_folder(name: str) -> Path:
    """A name of ``outputs/evaluated`` stands for its folder there; every other name for a folder.

    Raises:
        UserError: There is no folder that holds measured faces.
    """
    evaluated = workspace.evaluated(name).metrics.parent
    workspace.download(evaluated)
    folder = evaluated if evaluated.is_dir() else Path(name)
    if not (folder / TEST).is_file():
        known = sorted(path.parent.name for path in workspace.OUTPUTS.glob(f"evaluated/*/{TEST}"))
        raise UserError(
            f"{name}: neither a run in {workspace.OUTPUTS}/evaluated ({', '.join(known) or 'there is none'}) nor "
            f"a folder with {TEST}; evaluate a method (`dvc repro`), or measure predictions with `facealign score`"
        )
    return folder


def faces_of(folder: Path, fold: str) -> FacePredictions:
    """Load the predictions on the faces of ``test`` or ``val``.

    Raises:
        UserError: There is no such fold, or nothing was measured on it.
    """
    files = {"test": TEST, "val": VALIDATION}
    if fold not in files:
        raise UserError(f"fold {fold!r}: runs are measured on {' and '.join(files)}")
    return FacePredictions.read(folder / files[fold])


def evaluation_of(folder: Path) -> dict[str, Any]:
    """The run's metrics, and how they were measured.

    Raises:
        UserError: There are none, or an earlier version wrote them.
    """
    path = folder / EVALUATION
    if not path.is_file():
        raise UserError(f"{path}: is missing; evaluate the method, or `facealign score` the predictions, again")
    found = read_json(path)
    if "test" not in found.get("figures", {}):
        raise UserError(f"{path}: has no metrics with intervals, of an earlier version; evaluate again")
    return found


def normalizer_of(folder: Path, schema: LandmarkSchema) -> Normalizer:
    """Return the normalizer of a run's evaluation; by default the schema's first, or the box."""
    path = folder / EVALUATION
    return normalizer_named(read_json(path)["normalizer"]) if path.is_file() else first_normalizer(schema)


def first_normalizer(schema: LandmarkSchema) -> Normalizer:
    """Return the first normalizer that the schema has landmarks for; else the box."""
    return next(iter(schema.normalizers.names), "box")


def normalizer_named(name: str) -> Normalizer:
    """The normalizer of that name.

    Raises:
        UserError: There is none.
    """
    for normalizer in get_args(Normalizer):
        if normalizer == name:
            found: Normalizer = normalizer
            return found
    raise UserError(f"normalizer {name!r} is unknown; known are: {', '.join(get_args(Normalizer))}")
