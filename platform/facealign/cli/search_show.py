"""``facealign search show``: a search's trials and what was confirmed, be it under way, cut off, or done."""

import sys
from collections import Counter
from typing import Any

from rich import box
from rich.table import Table

from facealign.cli import home
from facealign.cli.json_file import read_json
from facealign.cli.paths import OUTPUTS, searched
from facealign.config import UserError
from facealign.report.tables import print_table
from facealign.search.outcome import rows_of
from facealign.search.row import TrialRow
from facealign.search.storage import open_storage


def print_search(name: str) -> None:
    """Print a search's trials by number, and its confirmation.

    Raises:
        UserError: There is no such search.
    """
    places = searched(name)
    home.fetch(places.folder)
    if not places.figures.is_file():
        there = sorted(path.parent.name for path in (OUTPUTS / "search").glob("*/search.json"))
        known = (
            f"there are: {', '.join(there)}"
            if there
            else "there is none; begin one with `facealign search run FILE`"
        )
        raise UserError(f"{places.folder}: no search {name!r}; {known}")
    figures = read_json(places.figures)
    storage = open_storage(figures["storage"], places.folder, alone=False)
    trials = rows_of(storage, figures["study"])
    counts = ", ".join(f"{count} {state}" for state, count in Counter(row.state for row in trials).items())
    print(f"{figures['study']}: {counts or 'no trial yet'}")
    print_table(_trials_table(trials, figures["objectives"]), sys.stdout)
    for one in figures.get("confirmed", ()):
        print(_confirmed(one))
    if places.best.is_file():
        print(f"best settings: {places.best}")


def _trials_table(trials: tuple[TrialRow, ...], objectives: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    names = sorted({name for row in trials for name in row.params})
    for heading in (
        "trial",
        "state",
        *objectives,
        "epochs",
        *(name.rsplit(".", 1)[-1] for name in names),
        "cause",
    ):
        table.add_column(heading, overflow="fold")
    for row in trials:
        values = [_text(value) for value in row.values] or [""] * len(objectives)
        params = [_text(row.params.get(name, "")) for name in names]
        cause = (row.cause or "").strip().splitlines()
        table.add_row(str(row.number), row.state, *values, str(row.epochs), *params, cause[-1] if cause else "")
    return table


def _confirmed(one: dict[str, Any]) -> str:
    spread = "" if one["half_width"] is None else f" ± {100 * one['half_width']:.2f}"
    paper = ", the paper's setting" if one["is_paper"] else ""
    seeds = len(one["seeds"])
    return (
        f"trial {one['number']}{paper}: NME {100 * one['mean']:.2f}{spread} % over {seeds} fresh seeds (95 % CI)"
    )


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
