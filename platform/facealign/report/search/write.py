"""Writes what a search leaves to look at: ``search.html``, ``pictures/*.png`` and ``trials.csv``."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from facealign.config import UserError
from facealign.report.page import shown, write_whole
from facealign.report.search.context import SearchContext
from facealign.report.search.csv import write_trials_csv
from facealign.report.search.page import page
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
    pictures = {name: shown(partial(one.draw, rows, context)) for name, one in PICTURES.items()}
    for name, one in pictures.items():
        path = folder / "pictures" / f"{name}.png"
        if one.data is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, one.data)
    write_trials_csv(folder / "trials.csv", rows, context)
    write_whole(folder / "search.html", page(rows, context, pictures).encode("utf-8"))


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
