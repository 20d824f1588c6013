"""The trainings of a table: rows with equal settings share one, for each seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from facealign.config import digest_json
from facealign.evaluation.papers.table import PaperTable, TableRow

ELLIPSES = "model.landmark_loss.anisotropy.ellipses"
"""Where a row with ``ellipses_of`` has what was measured."""


@dataclass(frozen=True)
class Grid:
    """The trainings of a table, and their rows.

    Attributes:
        settings: By full dotted path of params.yaml; no two are equal.
        places: Of each row, the number of its settings.
    """

    settings: tuple[dict[str, Any], ...]
    places: dict[str, int]


def grid(table: PaperTable, rows: Iterable[TableRow], ellipses: Sequence[Sequence[float]] | None = None) -> Grid:
    """The trainings of some rows of a table.

    Args:
        table: Their table.
        rows: Those to train.
        ellipses: [a, b] of each landmark, for rows with ``ellipses_of``.
    """
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    places = {}
    for row in rows:
        settings = table.settings(row)
        if row.ellipses_of is not None:
            settings[f"method.{table.method}.{ELLIPSES}"] = [list(pair) for pair in ellipses or ()]
        number, _ = found.setdefault(digest_json(settings), (len(found), settings))
        places[row.label] = number
    return Grid(tuple(settings for _, settings in found.values()), places)
