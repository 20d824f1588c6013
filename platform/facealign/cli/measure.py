"""A trained method measured: figures, curves and pictures for the stage and for its run."""

from facealign import tracking
from facealign.cli import home, paths
from facealign.cli.json_file import read_json, write_json
from facealign.report.config import EvaluationConfig
from facealign.report.csvplots import write_ced_csv
from facealign.report.curves import ced
from facealign.report.evaluation import Evaluation, evaluate
from facealign.report.evaluation_file import evaluation_file
from facealign.report.faces import save_png
from facealign.report.figures import flat
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
    validation = evaluate(model, paths.SHARDS, "val", config)
    test = evaluate(model, paths.SHARDS, "test", config)
    places = paths.evaluated(method)
    figures = evaluation_file({"validation": validation, "test": test}, config)
    validation.faces.write(places.validation)
    test.faces.write(places.test)
    write_json(places.figures, figures)
    _draw(method, test, config)
    home.deliver(places.figures.parent)
    nme, mean_shape_nme = figures["test"]["nme"], figures["mean_shape"]["nme"]
    low, high = figures["figures"]["test"]["full"]["nme"][1:]
    return (
        f"{method}: test NME {nme:.2%} (95 % interval {low:.2%} to {high:.2%}) over {len(test.errors)} faces, "
        f"{nme / mean_shape_nme:.2f} of the mean shape's {mean_shape_nme:.2%}"
    )


def record(method: str, settings: tracking.TrackingSettings) -> None:
    """Put the figures and pictures of an evaluation into the training's run."""
    run = tracking.recalled(read_json(paths.trained(method).run)["run"], settings)
    if run is None:
        return
    places = paths.evaluated(method)
    figures = read_json(places.figures)
    tracker = tracking.tracker_for(run, paths.SPOOL)
    for part in ("test", "mean_shape", "validation_mean_shape"):
        tracker.results({f"{part}/{name}": value for name, value in figures[part].items()})
    tracker.results({f"test/{name}": value for name, value in flat(figures["figures"]["test"]).items()})
    tracker.artifact(places.figures, "evaluation")
    for picture in sorted(places.pictures.glob("*.png")):
        tracker.artifact(picture, "evaluation")
    tracker.close("FINISHED")


def _draw(method: str, test: Evaluation, config: EvaluationConfig) -> None:
    assert test.mean_shape_errors is not None, "a method has been trained, so there are training faces"
    curves = {method: test.errors, MEAN_SHAPE: test.mean_shape_errors}
    write_ced_csv(paths.evaluated(method).ced, curves, config.failure_threshold)
    folder = paths.evaluated(method).pictures
    folder.mkdir(parents=True, exist_ok=True)
    ced(curves, config.failure_threshold).savefig(folder / "ced.png")
    title = f"{method} on the test fold, from the best face to the worst"
    save_png(folder / "faces.png", sheet_of_predictions(test, paths.SHARDS, "test", config.faces, title))
