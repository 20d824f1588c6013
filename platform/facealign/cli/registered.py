"""``facealign versions`` and ``facealign rollback``: the versions of a registered model, and which is in force."""

from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from facealign.cli.params import load_params
from facealign.registry.rollback import roll_back
from facealign.registry.versions import versions
from facealign.tracking import TrackingSettings, tracking_uri


def uri_in(params: Path) -> str:
    """Of the MLflow that a settings file names, or the environment where there is no such file."""
    return tracking_uri(load_params(params).tracking if params.is_file() else TrackingSettings())


def listed(name: str, params: Path) -> list[dict[str, Any]]:
    """The versions of a model, the newest first, as plain values.

    Raises:
        UserError: There is no such model, or MLflow does not answer.
    """
    return versions(uri_in(params), name)


def as_table(rows: list[dict[str, Any]]) -> Table:
    """The same for people."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for heading in ("version", "aliases", "method", "validation\nNME %", "test\nNME %", "decision"):
        table.add_column(heading, overflow="fold", vertical="bottom")
    for row in rows:
        percent = ("" if row[key] is None else f"{100 * row[key]:.2f}" for key in ("validation_nme", "test_nme"))
        said = row["decision"] or ""
        withdrawn = f"withdrawn {row['withdrawn']}. " if row["withdrawn"] else ""
        table.add_row(row["version"], ", ".join(row["aliases"]), row["method"] or "", *percent, withdrawn + said)
    return table


def go_back(name: str, reason: str, to: str | None, params: Path) -> str:
    """Put the version before in force, or another; returns what was done.

    Raises:
        UserError: See ``roll_back``.
    """
    done = roll_back(uri_in(params), name, reason, to)
    return f"models:/{name}@champion is version {done.version} now" + (
        f"; version {done.before} is @previous" if done.before else ""
    )
