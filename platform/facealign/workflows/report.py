"""``facealign report``: runs beside each other, and beside the papers, on one page."""

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from facealign.config import UserError
from facealign.config.device import device_named
from facealign.data.shards.index import DamagedIndex, NoIndex
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.aligned_errors import aligned_errors
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_errors import face_errors
from facealign.evaluation.face_predictions import FacePredictions
from facealign.evaluation.papers.prepared import NAMES, Prepared
from facealign.evaluation.papers.table import DataSet
from facealign.report.comparison.cost import cost_of
from facealign.report.comparison.page import ReportSettings, write_comparison
from facealign.report.comparison.run import ReportRun, RunCost
from facealign.report.robustness import read_robustness
from facealign.report.tables import ResultRow, print_table, results_table
from facealign.storage.store import Place
from facealign.training import load_model
from facealign.training.checkpoint import CARD
from facealign.workflows import workspace
from facealign.workflows.evaluate import EVALUATION, TEST, evaluation_of, faces_of, normalizer_named, run_folder
from facealign.workflows.workspace import git_commit, read_json

_SAME = 1e-9
"""Two means of the same faces are nearer than this."""


def report(names: Sequence[str], shards: Place, out: Path, extremes: int, timed: bool) -> Path:
    """Put the runs' metrics and faces on a page.

    Args:
        names: Of runs, see ``run_folder``.
        shards: With the faces' images; without them the page says so.
        extremes: Best and worst faces drawn of each run.
        timed: Whether to time a face.

    Raises:
        UserError: A run is not there, is named twice, or was not measured as the others were.
    """
    folders = {name: run_folder(name) for name in names}
    if len(folders) < len(names):
        raise UserError(f"runs {', '.join(names)}: one is named twice; name each once")
    evaluations = {name: evaluation_of(folder) for name, folder in folders.items()}
    _require_alike(evaluations)
    faces = {name: faces_of(folder, "test") for name, folder in folders.items()}
    shown = _shown(folders)
    reader, why = _reader(shards, faces[names[0]])
    runs = [_run(shown[name], folders[name], faces[name], evaluations[name], timed) for name in names]
    settings = ReportSettings(
        normalizer=evaluations[names[0]]["normalizer"],
        threshold=evaluations[names[0]]["failure_threshold"],
        landmarks=_counted(evaluations[names[0]]),
        extremes=extremes,
        reader=reader,
        no_pictures=why,
        data=_data_set(reader, shards),
    )
    return write_comparison(out, runs, settings)


def _require_alike(evaluations: Mapping[str, Mapping[str, Any]]) -> None:
    for key, default in (("normalizer", None), ("failure_threshold", None), ("landmarks", "known")):
        values = {name: found.get(key, default) for name, found in evaluations.items()}
        if len(set(values.values())) > 1:
            each = ", ".join(f"{name} {value}" for name, value in values.items())
            raise UserError(f"the runs were measured with different evaluation.{key}: {each}; evaluate them alike")


def _counted(evaluation: Mapping[str, Any]) -> Literal["known", "visible"]:
    return "visible" if evaluation.get("landmarks") == "visible" else "known"


def _shown(folders: Mapping[str, Path]) -> dict[str, str]:
    """The last part of each name, or all of it where two would be alike."""
    last = {name: folder.resolve().name for name, folder in folders.items()}
    counts = Counter(last.values())
    return {name: short if counts[short] == 1 else name for name, short in last.items()}


def _reader(shards: Place, faces: FacePredictions) -> tuple[ShardReader | None, str]:
    """The shards of these very faces, or why there are no images."""
    try:
        reader = ShardReader(shards, "test")
    except (NoIndex, DamagedIndex) as error:
        return None, f"Left out: {error}."
    if reader.index.digest != faces.data_digest:
        return None, (
            f"Left out: the faces are of shards {faces.data_digest[:12]}, and {shards} holds "
            f"{reader.index.digest[:12]}."
        )
    return reader, ""


def _data_set(reader: ShardReader | None, shards: Place) -> DataSet | None:
    if reader is None:
        return None
    name = Prepared.open(shards).name
    return next((data for data in NAMES if data == name), None)


def _run(name: str, folder: Path, faces: FacePredictions, evaluation: Mapping[str, Any], timed: bool) -> ReportRun:
    metrics, normalizer = evaluation["figures"]["test"], normalizer_named(evaluation["normalizer"])
    measured = face_errors(faces, EvaluationConfig(normalizer=normalizer, landmarks=_counted(evaluation)))
    errors = measured.chosen
    if abs(errors.mean() - metrics["full"]["nme"][0]) > _SAME:
        raise UserError(
            f"{folder}: {EVALUATION} has an NME of {metrics['full']['nme'][0]:.4%}, and the faces of {TEST} have "
            f"{errors.mean():.4%}: the two are of different evaluations; evaluate again"
        )
    places = workspace.trained(folder.name)
    workspace.download(places.model.parent)
    is_trained = folder == workspace.evaluated(folder.name).metrics.parent and (places.model / CARD).is_file()
    robustness = read_robustness(folder)
    notes = []
    if robustness is not None and robustness.data_digest != faces.data_digest:
        notes.append("Its robustness was measured on other shards, and is left out.")
        robustness = None
    return ReportRun(
        name=name,
        faces=faces,
        metrics=metrics,
        errors=errors,
        upright=replace(aligned_errors(faces.found, faces.schema, normalizer), valid=measured.counted),
        mean_shape=evaluation.get("mean_shape", {}).get("nme"),
        history=_history(places.history) if is_trained else (),
        cost=_cost(places, timed) if is_trained else None,
        robustness=robustness,
        lineage=_lineage(folder, faces, places if is_trained else None),
        notes=tuple(notes),
    )


def _history(path: Path) -> tuple[Mapping[str, Any], ...]:
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            {
                "epoch": int(row["epoch"]),
                "loss": float(row["loss"]),
                "validation_nme": float(row["validation_nme"]) if row["validation_nme"] else None,
                "seconds": float(row["seconds"]),
            }
            for row in csv.DictReader(file)
        )


def _cost(places: workspace.Trained, timed: bool) -> RunCost:
    history = _history(places.history)
    hours = sum(record["seconds"] for record in history) / 3600 if history else None
    device = device_named(None)
    return cost_of(load_model(places.model), device, hours, timed)


def _lineage(folder: Path, faces: FacePredictions, places: workspace.Trained | None) -> dict[str, str]:
    found = {"faces": str(folder), "data digest": faces.data_digest}
    if places is not None:
        card = load_model(places.model).card
        found |= {
            "method": card.job.method,
            "configuration": card.config_hash,
            "trained on": card.job.data_digest,
            "seed": str(card.job.seed),
            "PyTorch": card.torch,
        }
        if places.run.is_file():
            run = read_json(places.run)
            found |= {"commit of the training": run["commit"], "MLflow model": run["model_uri"] or "not tracked"}
            if run["run"]:
                found["MLflow run"] = run["run"].get("run_id", "waits for its server (`facealign sync`)")
    return found | {"commit of the report": git_commit()}


# The end of a pipeline: all methods side by side, the registered model, and what can be done next.


_NEXT = """
Next
  make ui                                         curves, images and the model in MLflow
  dvc metrics show; dvc plots show                the metrics, and the curves as a page
  make repro S="method.awing.train.epochs=40"     another setting; `dvc exp show` compares
  make repro S="data.source=300w data.root=…"     real faces"""


def print_summary() -> None:
    """Print the table of the methods that have been evaluated, best first.

    Raises:
        UserError: None has been.
    """
    for part in ("trained", "evaluated", "registered.json"):
        workspace.download(workspace.OUTPUTS / part)
    files = sorted(workspace.OUTPUTS.glob("evaluated/*/evaluation.json"))
    if not files:
        raise UserError(f"{workspace.OUTPUTS}: no method has been evaluated yet; run `make repro` first")
    evaluations = {path.parent.name: read_json(path) for path in files}
    rows = sorted((_row(*item) for item in evaluations.items()), key=lambda row: row.validation_nme)
    threshold = next(iter(evaluations.values()))["failure_threshold"]
    print_table(results_table(rows, threshold), sys.stdout)
    if workspace.REGISTERED.is_file():
        model = read_json(workspace.REGISTERED)
        alias = " (champion)" if model["champion"] else " (candidate)"
        print(f"Model models:/{model['name']}/{model['version']}{alias}: {model['reason']}")
    print(_NEXT)


def _row(method: str, evaluation: dict[str, Any]) -> ResultRow:
    return ResultRow(
        method=method,
        validation_nme=evaluation["validation"]["nme"],
        test_nme=evaluation["test"]["nme"],
        mean_shape_nme=evaluation["mean_shape"]["nme"],
        failure_rate=evaluation["test"]["failure_rate"],
        auc=evaluation["test"]["auc"],
        parameters=read_json(workspace.trained(method).metrics)["parameters"],
    )
