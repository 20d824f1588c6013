"""``trials.csv``: one row a trial, for a spreadsheet or pandas."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facealign.report.csvplots import write_csv
from facealign.report.search.context import SearchContext
from facealign.report.search.words import is_number
from facealign.search.row import TrialRow


def write_trials_csv(path: Path, rows: Sequence[TrialRow], context: SearchContext) -> None:
    """Write the trials by number; numbers read back to the same bits.

    Columns: number, state, each objective by its name, seconds, epochs, started, ended, run_id, cause, rungs
    (JSON: epoch → NME), then each parameter by its full path: those of the search file in its order, then any
    other. A parameter that a trial does not have is an empty cell; ``true``, ``false``, ``null``, lists are JSON.
    """
    rows = sorted(rows, key=lambda row: row.number)
    paths = list(dict.fromkeys([*context.parameters, *(path for row in rows for path in row.params)]))
    fixed = ("seconds", "epochs", "started", "ended", "run_id", "cause", "rungs")
    write_csv(
        path,
        ["number", "state", *context.objectives, *fixed, *paths],
        (
            [
                row.number,
                row.state,
                *(row.values or [None] * len(context.objectives)),
                row.seconds,
                row.epochs,
                row.started.isoformat() if row.started else None,
                row.ended.isoformat() if row.ended else None,
                row.run_id,
                row.cause,
                json.dumps(row.rungs) if row.rungs else None,
                *(_cell(row.params[name]) if name in row.params else None for name in paths),
            ]
            for row in rows
        ),
    )


def _cell(value: Any) -> Any:
    """Text and numbers as they are (the csv module writes a float's shortest exact form), all else as JSON."""
    return value if isinstance(value, str) or is_number(value) else json.dumps(value)
