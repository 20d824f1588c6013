"""The end of a pipeline: all methods side by side, the registered model, and what can be done next."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from facealign.config import UserError
from facealign.report.tables import ResultRow, print_table, results_table


def print_summary(outputs: Path) -> None:
    """Print the table of the methods under ``outputs``, best first.

    Raises:
        UserError: Nothing has been evaluated yet.
    """
    rows = [
        _row(folder, outputs / "trained" / folder.name) for folder in sorted((outputs / "evaluated").glob("*"))
    ]
    if not rows:
        raise UserError(f"{outputs}: no method has been evaluated yet; run `make repro` first")
    print_table(results_table(sorted(rows, key=lambda row: row.validation_nme)), sys.stdout)
    console = Console(highlight=False)
    registered = outputs / "registered.json"
    if registered.is_file():
        console.print(_registered(json.loads(registered.read_text(encoding="utf-8"))))
    console.print(
        "\nNext: `make ui` for curves, pictures and the model · `dvc metrics show` · `dvc plots show` ·\n"
        "`dvc exp run -S method.awing.train.epochs=40` for another setting · `dvc exp show` to compare.",
    )


def _registered(model: dict[str, Any]) -> str:
    return f"\nModel: models:/{model['name']}/{model['version']} — {model['reason']}"


def _row(evaluated: Path, trained: Path) -> ResultRow:
    evaluation = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    training = json.loads((trained / "training.json").read_text(encoding="utf-8"))
    return ResultRow(
        method=evaluated.name,
        validation_nme=evaluation["validation"]["nme"],
        test_nme=evaluation["test"]["nme"],
        mean_shape_nme=evaluation["mean_shape"]["nme"],
        failure_rate=evaluation["test"]["failure_rate"],
        auc=evaluation["test"]["auc"],
        parameters=training["parameters"],
    )
