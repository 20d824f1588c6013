"""``search.html``: the whole search on one page that needs no network and no other file."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.report.curves import write_csv
from facealign.report.page import EmbeddedImage, shown, templates, write_whole
from facealign.report.progress import clock_text
from facealign.report.search.axes import main_parameters, shown_value, varied_parameters
from facealign.report.search.best import finished, leaders
from facealign.report.search.context import ParameterRange, SearchContext
from facealign.report.search.plots import PLOTS
from facealign.report.search.verdict import verdict
from facealign.report.search.words import (
    STATE_WORDS,
    cause_line,
    choice_text,
    is_number,
    number_text,
    short_names,
    unit_of,
)
from facealign.search.trial_row import TrialRow

_COLUMNS = 12  # parameters in the table of trials
_LEADERS = 4  # settings side by side


def page(rows: Sequence[TrialRow], context: SearchContext, shown: Mapping[str, EmbeddedImage]) -> str:
    """The page as HTML.

    Args:
        rows: All trials of the study.
        context: What else is known.
        shown: By name, as in ``PLOTS``.
    """
    template = templates().get_template("search/page.html.j2")
    return template.render(
        context=context,
        verdict=verdict(rows, context),
        facts=_facts(rows),
        settings=_settings(rows, context),
        pictures=[
            {"title": PLOTS[name].title, "reading": PLOTS[name].reading, "shown": one}
            for name, one in shown.items()
            if one.data is not None
        ],
        refusals=[(PLOTS[name].title, one.error) for name, one in shown.items() if one.data is None],
        failures=_failures(rows),
        trials=_trials(rows, context),
    )


def _facts(rows: Sequence[TrialRow]) -> list[tuple[str, str]]:
    states = Counter(row.state for row in rows)
    counts = [(word, str(states[state])) for state, word in STATE_WORDS.items() if states[state]]
    times = [row.seconds for row in rows if row.seconds is not None]
    return [
        ("trials", str(len(rows))),
        *counts,
        ("epochs trained", f"{sum(row.epochs for row in rows):,}"),
        ("time of all trials", clock_text(sum(times))),
    ]


def _settings(rows: Sequence[TrialRow], context: SearchContext) -> dict[str, Any]:
    """The confirmed winner's settings, the best trials' and the paper's; parameters in the search file's order."""
    by_number = {row.number: row for row in rows}
    winner = next((one.number for one in context.confirmed if not one.paper), None)
    roles: dict[int | None, str] = {winner: ", confirmed"}
    roles |= {row.number: roles.get(row.number, ", best") for row in leaders(rows)[:_LEADERS]}
    roles |= {context.paper: roles.get(context.paper, "") + ", paper's"}
    columns = [by_number[number] for number in roles if number is not None and number in by_number]
    paths = list(dict.fromkeys([*context.parameters, *(path for row in columns for path in row.params)]))
    names = short_names(paths)
    return {
        "headings": [f"trial {row.number}{roles[row.number]}" for row in columns],
        "lines": [
            {
                "name": names[path],
                "path": path,
                "values": [number_text(row.params[path]) if path in row.params else "–" for row in columns],
                "range": _range(context.parameters.get(path)),
            }
            for path in paths
        ],
    }


def _range(span: ParameterRange | None) -> str:
    if span is None:
        return ""
    if span.choices is not None:
        return ", ".join(map(choice_text, span.choices))
    return f"{span.low:g} … {span.high:g}{', log' if span.log else ''}"


def _failures(rows: Sequence[TrialRow]) -> list[dict[str, Any]]:
    """Causes in a line, the most frequent first; the whole of one where it has more than a line."""
    failed: dict[str, list[TrialRow]] = {}
    for row in rows:
        if row.state == "FAIL":
            failed.setdefault(cause_line(row.cause or ""), []).append(row)
    return [
        {
            "cause": line,
            "whole": next((row.cause for row in alike if row.cause and len(row.cause.splitlines()) > 1), None),
            "count": len(alike),
            "numbers": ", ".join(str(row.number) for row in alike),
        }
        for line, alike in sorted(failed.items(), key=lambda item: -len(item[1]))
    ]


def _trials(rows: Sequence[TrialRow], context: SearchContext) -> dict[str, Any]:
    """Sort the trials: finished ones by value, then measured ones, then the rest."""
    units = [unit_of(objective) for objective in context.objectives]
    paths = main_parameters(rows, context, _COLUMNS)
    names = short_names([*context.parameters, *paths])
    best = {row.number for row in leaders(rows)}
    done = {row.number for row in finished(rows)}

    def order(row: TrialRow) -> tuple[bool, float, int]:
        value = shown_value(row, context.objectives)
        return row.number not in done, float("inf") if value is None else value, row.number

    def signs(row: TrialRow) -> list[str]:
        return ["★"] * (row.number in best) + ["◇"] * (row.number == context.paper)

    return {
        "left_out": len(varied_parameters(rows, list(context.parameters))) - len(paths),
        "headings": [
            "trial",
            "state",
            *(unit.label for unit in units),
            "epochs",
            "time",
            *(names[p] for p in paths),
        ],
        "lines": [
            {
                "state": row.state,
                "best": row.number in best,
                "cells": [
                    _cell(row.number, " ".join([str(row.number), *signs(row)])),
                    _cell(STATE_WORDS[row.state]),
                    *(
                        _cell(value, f"{unit.scale * value:{unit.digits}}") if value is not None else _cell(None)
                        for unit, value in (
                            (unit, shown_value(row, context.objectives, index)) for index, unit in enumerate(units)
                        )
                    ),
                    _cell(row.epochs),
                    _cell(row.seconds, clock_text(row.seconds)),
                    *(
                        _cell(row.params[p], number_text(row.params[p])) if p in row.params else _cell(None)
                        for p in paths
                    ),
                ],
            }
            for row in sorted(rows, key=order)
        ],
    }


def _cell(value: Any, text: str | None = None) -> dict[str, Any]:
    """Return the shown text and the sort key of a cell: numbers exactly, all else as text."""
    if value is None:
        return {"text": "–", "key": "", "number": True}
    shown = choice_text(value) if text is None else text
    return {"text": shown, "key": choice_text(value), "number": is_number(value)}


# ``trials.csv``: one row a trial, for a spreadsheet or pandas.


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
                *(_csv_value(row.params[name]) if name in row.params else None for name in paths),
            ]
            for row in rows
        ),
    )


def _csv_value(value: Any) -> Any:
    """Text and numbers as they are (the csv module writes a float's shortest exact form), all else as JSON."""
    return value if isinstance(value, str) or is_number(value) else json.dumps(value)


# Writes what a search leaves to look at: ``search.html``, ``pictures/*.png`` and ``trials.csv``.


def write_report(folder: Path, rows: Sequence[TrialRow], context: SearchContext) -> None:
    """Write everything anew into ``folder``, which is made; call it as often as you like while a search runs.

    A plot that the trials do not suffice for is not written, one that an earlier call wrote is removed, and the
    page says why.

    Raises:
        UserError: A finished trial has not one value for each objective, or a number is there twice.
    """
    _check(rows, context)
    pictures = {name: shown(partial(one.draw, rows, context)) for name, one in PLOTS.items()}
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
