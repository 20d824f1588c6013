"""Writes what a search leaves to look at: ``search.html``, ``pictures/*.png`` and ``trials.csv``."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

from facealign.config import UserError
from facealign.report.search.context import SearchContext
from facealign.report.search.csv import write_trials_csv
from facealign.report.search.page import Shown, page
from facealign.report.search.pictures import PICTURES
from facealign.search.row import TrialRow


def write_report(folder: Path, rows: Sequence[TrialRow], context: SearchContext) -> None:
    """Write everything anew into ``folder``, which is made; call it as often as you like while a search runs.

    A picture that the trials do not suffice for is not written, one that an earlier call wrote is removed, and the
    page says why.

    Raises:
        UserError: A finished trial has not one value for each objective, or a number is there twice.
    """
    _check(rows, context)
    shown = {name: _draw(name, rows, context) for name in PICTURES}
    for name, one in shown.items():
        path = folder / "pictures" / f"{name}.png"
        if one.png is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, one.png)
    write_trials_csv(folder / "trials.csv", rows, context)
    _write(folder / "search.html", page(rows, context, shown).encode("utf-8"))


def _draw(name: str, rows: Sequence[TrialRow], context: SearchContext) -> Shown:
    try:
        figure = PICTURES[name].draw(rows, context)
    except UserError as refusal:
        return Shown(None, refusal=str(refusal))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Shown(buffer.getvalue(), inches=float(figure.get_figwidth()))


def _check(rows: Sequence[TrialRow], context: SearchContext) -> None:
    numbers = [row.number for row in rows]
    if len(set(numbers)) < len(numbers):
        raise UserError(
            f"{context.study}: {len(numbers)} trials have {len(set(numbers))} numbers; each needs its own"
        )
    for row in rows:
        if row.state == "COMPLETE" and len(row.values) != len(context.objectives):
            raise UserError(
                f"{context.study}: trial {row.number} has {len(row.values)} values, and the search has the "
                f"objectives {', '.join(context.objectives)}; a finished trial needs a value for each"
            )


def _write(path: Path, content: bytes) -> None:
    """All or nothing: what stood at ``path`` stays until the new file is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
