"""A trained method measured: figures, curves and pictures for the stage and for its run."""

import numpy as np
import torch
from numpy.typing import NDArray

from facealign import tracking
from facealign.cli import home, paths
from facealign.cli.json_file import read_json, write_json
from facealign.geometry import LandmarkSchema
from facealign.metrics import groups_of, pck, summarise
from facealign.report.config import EvaluationConfig
from facealign.report.csvplots import write_ced_csv
from facealign.report.curves import ced
from facealign.report.evaluation import Evaluation, evaluate
from facealign.report.faces import save_png
from facealign.report.predictions import sheet_of_predictions
from facealign.report.style import MEAN_SHAPE
from facealign.training import load_model


def measure(method: str, config: EvaluationConfig) -> str:
    """Measure a trained method on the validation and the test fold, and write the stage's outs.

    Returns:
        One line for the screen.
    """
    home.fetch(paths.trained(method).run.parent)
    model = load_model(paths.trained(method).model)
    schema = model.card.faces.landmarks
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    validation = evaluate(model, paths.SHARDS, "val", config, device)
    test = evaluate(model, paths.SHARDS, "test", config, device)
    subsets = groups_of([labels.subset for labels in test.faces.labels])
    figures = {
        "normaliser": config.normaliser,
        "failure_threshold": config.failure_threshold,
        "validation": _figures(validation.errors, config) | _joints(validation, schema, config),
        "test": _figures(test.errors, config) | _joints(test, schema, config),
        "mean_shape": _figures(test.mean_shape_errors, config),
        "validation_mean_shape": _figures(validation.mean_shape_errors, config),
        "subsets": {name: _figures(test.errors[mask], config) for name, mask in subsets.items()},
    }
    places = paths.evaluated(method)
    validation.faces.write(places.validation)
    test.faces.write(places.test)
    write_json(places.figures, figures)
    _draw(method, test, config)
    home.deliver(places.figures.parent)
    share = test.errors.mean() / test.mean_shape_errors.mean()
    return (
        f"{method}: test NME {test.errors.mean():.2%} over {len(test.errors)} faces, "
        f"{share:.2f} of the mean shape's {test.mean_shape_errors.mean():.2%}"
    )


def record(method: str, settings: tracking.TrackingSettings) -> None:
    """Put the figures and pictures of an evaluation into the training's run."""
    run = tracking.recalled(read_json(paths.trained(method).run)["run"], settings)
    if run is None:
        return
    figures = read_json(paths.evaluated(method).figures)
    tracker = tracking.tracker_for(run, paths.SPOOL)
    for part in ("test", "mean_shape", "validation_mean_shape"):
        tracker.results({f"{part}/{name}": value for name, value in figures[part].items()})
    for picture in sorted(paths.evaluated(method).pictures.glob("*.png")):
        tracker.artifact(picture, "evaluation")
    tracker.close("FINISHED")


def _figures(errors: NDArray[np.float64], config: EvaluationConfig) -> dict[str, float]:
    summary = summarise(errors, (config.failure_threshold,))
    return {
        "nme": summary.nme,
        "median": summary.median,
        "failure_rate": summary.failure_rate[config.failure_threshold],
        "auc": summary.auc[config.failure_threshold],
        "faces": summary.faces,
    }


def _joints(measured: Evaluation, schema: LandmarkSchema, config: EvaluationConfig) -> dict[str, float]:
    """PCK over all joints and of each, of a body; nothing of a face."""
    if schema.normalisers.torso is None:
        return {}
    found = measured.faces.found
    return pck(found.predicted, found.truth, found.valid, schema, config.pck_threshold, found.ids).metrics()


def _draw(method: str, test: Evaluation, config: EvaluationConfig) -> None:
    curves = {method: test.errors, MEAN_SHAPE: test.mean_shape_errors}
    write_ced_csv(paths.evaluated(method).ced, curves, config.failure_threshold)
    folder = paths.evaluated(method).pictures
    folder.mkdir(parents=True, exist_ok=True)
    ced(curves, config.failure_threshold).savefig(folder / "ced.png")
    title = f"{method} on the test fold, from the best face to the worst"
    save_png(folder / "faces.png", sheet_of_predictions(test, paths.SHARDS, "test", config.faces, title))
