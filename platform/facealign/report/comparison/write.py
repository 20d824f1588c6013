"""Writes ``report.html`` and ``pictures/*``."""

from collections.abc import Sequence
from pathlib import Path

from facealign.report.comparison.differences import differences
from facealign.report.comparison.page import page
from facealign.report.comparison.run import Run
from facealign.report.comparison.sections import Settings, sections
from facealign.report.comparison.verdict import verdict
from facealign.report.page import write_whole

PAGE = "report.html"


def write_comparison(folder: Path, runs: Sequence[Run], settings: Settings) -> Path:
    """Write the page and, beside it, its pictures; pictures of an earlier report with other runs go.

    Returns:
        The page.
    """
    found = differences(runs, settings.threshold)
    made = sections(runs, found, settings)
    pictures = folder / "pictures"
    drawn = {part.name: part.shown for section in made for part in section.parts if part.shown is not None}
    for old in pictures.glob("*"):
        old.unlink()
    for name, one in drawn.items():
        assert one.data is not None, "a picture that is shown is there"
        write_whole(pictures / f"{name}.{one.kind}", one.data)
    names = ", ".join(run.name for run in runs)
    schemas = ", ".join(dict.fromkeys(f"{run.schema.name}, {run.schema.size} landmarks" for run in runs))
    html = page(names, schemas, list(verdict(runs, found, settings.normaliser)), made)
    write_whole(folder / PAGE, html.encode("utf-8"))
    return folder / PAGE
