"""The end of a pipeline: all methods side by side, the registered model, and what can be done next."""

import sys
from typing import Any

from facealign.cli import home, paths
from facealign.cli.json_file import read_json
from facealign.config import UserError
from facealign.report.tables import ResultRow, print_table, results_table

_NEXT = """
Next
  make ui                                         curves, pictures and the model in MLflow
  dvc metrics show; dvc plots show                the figures, and the curves as a page
  make repro S="method.awing.train.epochs=40"     another setting; `dvc exp show` compares
  make repro S="data.source=300w data.root=…"     real faces"""


def print_summary() -> None:
    """Print the table of the methods that have been evaluated, best first.

    Raises:
        UserError: None has been.
    """
    for part in ("trained", "evaluated", "registered.json"):
        home.fetch(paths.OUTPUTS / part)
    files = sorted(paths.OUTPUTS.glob("evaluated/*/evaluation.json"))
    if not files:
        raise UserError(f"{paths.OUTPUTS}: no method has been evaluated yet; run `make repro` first")
    evaluations = {path.parent.name: read_json(path) for path in files}
    rows = sorted((_row(*item) for item in evaluations.items()), key=lambda row: row.validation_nme)
    threshold = next(iter(evaluations.values()))["failure_threshold"]
    print_table(results_table(rows, threshold), sys.stdout)
    if paths.REGISTERED.is_file():
        model = read_json(paths.REGISTERED)
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
        parameters=read_json(paths.trained(method).figures)["parameters"],
    )
