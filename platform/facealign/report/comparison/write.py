"""Writes ``report.html`` and ``pictures/*``."""

import re
from collections.abc import Sequence
from pathlib import Path

from facealign.report.comparison.differences import differences
from facealign.report.comparison.page import page
from facealign.report.comparison.run import Run
from facealign.report.comparison.sections import Settings, sections
from facealign.report.comparison.verdict import verdict
from facealign.report.page import write_whole

PAGE = "report.html"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def write_comparison(folder: Path, runs: Sequence[Run], settings: Settings) -> Path:
    """Write the page and, beside it, its pictures; those of an earlier report with other runs stay.

    Returns:
        The page.
    """
    found = differences(runs, settings.threshold)
    made = sections(runs, found, settings)
    for part in (part for section in made for part in section.parts):
        if part.shown is not None and part.shown.data is not None:
            name = _NOT_IN_NAMES.sub("-", part.name)
            write_whole(folder / "pictures" / f"{name}.{part.shown.kind}", part.shown.data)
    names = ", ".join(run.name for run in runs)
    schemas = ", ".join(dict.fromkeys(f"{run.schema.name}, {run.schema.size} landmarks" for run in runs))
    html = page(names, schemas, list(verdict(runs, found, settings.normaliser)), made)
    write_whole(folder / PAGE, html.encode("utf-8"))
    return folder / PAGE
