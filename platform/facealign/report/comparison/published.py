"""The papers' rows, and the runs measured as their columns say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.evaluation.papers.load import published_tables
from facealign.evaluation.papers.table import SCALE, Column, DataSet, PaperTable, TableRow
from facealign.metrics import mean_interval, nme
from facealign.report.comparison.run import ReportRun

METRICS = ("nme", "failure_rate", "auc")

Measure = tuple[str, str, float | None]
"""Metric, normalizer, threshold: what one table is of."""


@dataclass(frozen=True)
class PublishedNumber:
    """A published number as printed, in percent; ``why`` says why it cannot be right, if so."""

    text: str
    why: str


@dataclass(frozen=True)
class PublishedRow:
    """A row of a paper's table: its numbers by subset."""

    label: str
    source: str
    numbers: dict[str | None, PublishedNumber]


@dataclass(frozen=True)
class OwnNumber:
    """A run's metric, in percent, its 95 % interval, and the faces that it is of."""

    value: float
    low: float
    high: float
    faces: int


@dataclass(frozen=True)
class PublishedTable:
    """The published numbers of one metric on one data set, beside the runs'.

    Attributes:
        figure: ``nme``, ``failure_rate`` or ``auc``.
        normalizer: What errors are divided by.
        threshold: Of the latter two.
        subsets: Columns: official subsets, None for all faces; with the number of faces in the paper.
        rows: The papers'.
        runs: By name, by subset; a subset that a run has no face of is missing.
    """

    figure: str
    normalizer: str
    threshold: float | None
    subsets: dict[str | None, int | None]
    rows: tuple[PublishedRow, ...]
    runs: dict[str, dict[str | None, OwnNumber]]

    @property
    def is_comparable(self) -> bool:
        """Whether each number of a run is of as many faces as the papers'."""
        return all(
            number.faces == self.subsets[subset] for own in self.runs.values() for subset, number in own.items()
        )


def published_beside(runs: Sequence[ReportRun], data: DataSet) -> list[PublishedTable]:
    """A table for each measure that is published of ``data``, and that at least one run has.

    What a run's landmarks cannot be divided by is left out of its row.
    """
    columns: dict[Measure, list[tuple[PaperTable, str, Column]]] = {}
    for table in published_tables():
        for key, column in table.columns.items():
            if column.data == data and column.figure in METRICS:
                measure = (column.figure, column.normalizer, column.threshold)
                columns.setdefault(measure, []).append((table, key, column))
    tables = (_table(measure, these, runs) for measure, these in columns.items())
    return [table for table in tables if table.runs]


def _table(
    measure: Measure, columns: list[tuple[PaperTable, str, Column]], runs: Sequence[ReportRun]
) -> PublishedTable:
    subsets: dict[str | None, int | None] = {}
    rows: dict[tuple[str, str], dict[str | None, PublishedNumber]] = {}
    for table, key, column in columns:
        subsets.setdefault(column.subset, column.faces)
        for row in table.rows:
            printed = row.printed[key]
            if printed is not None:
                source = f"{table.paper.partition(',')[0]}, Table {table.table}"
                rows.setdefault((row.label, source), {})[column.subset] = _number(printed, column, row, key)
    own = {run.name: dict(_measured(run, measure, subsets)) for run in runs}
    return PublishedTable(
        *measure,
        subsets=subsets,
        rows=tuple(PublishedRow(label, source, numbers) for (label, source), numbers in rows.items()),
        runs={name: numbers for name, numbers in own.items() if numbers},
    )


def _number(printed: float | tuple[float, float], column: Column, row: TableRow, key: str) -> PublishedNumber:
    # AUC is printed as a fraction by some, and in percent by others.
    scale = 100 / SCALE[column.unit]
    digits = max(0, column.decimals - (2 if scale == 100 else 0))
    parts: tuple[float, ...] = printed if isinstance(printed, tuple) else (printed,)
    misprint = row.misprints.get(key)
    text = " ± ".join(f"{scale * part:.{digits}f}" for part in parts)
    return PublishedNumber(text, misprint.why if misprint else "")


def _measured(
    run: ReportRun, measure: Measure, subsets: dict[str | None, int | None]
) -> Iterator[tuple[str | None, OwnNumber]]:
    figure, normalizer, threshold = measure
    found = run.faces.found
    try:
        errors_F = nme(
            found.predicted,
            found.truth,
            found.valid,
            run.schema,
            normalizer,  # type: ignore[arg-type]  # of a column, and so a normalizer
            found.ids,
        )
    except UserError:  # these landmarks, or some of these faces, do not have that distance
        return
    values_F = 100 * _values(errors_F, figure, threshold)
    for subset in subsets:
        chosen = np.array([subset in (None, one.subset, *one.attributes) for one in run.faces.labels])
        if chosen.any():
            photos = [photo for photo, is_of in zip(run.photos, chosen, strict=True) if is_of]
            low, high = mean_interval(values_F[chosen], photos)
            yield subset, OwnNumber(float(values_F[chosen].mean()), float(low), float(high), int(chosen.sum()))


def _values(errors_F: NDArray[np.float64], figure: str, threshold: float | None) -> NDArray[np.float64]:
    """Compute each face's contribution to the metric."""
    if figure == "nme":
        return errors_F
    assert threshold is not None, "as the table's rules have it"
    if figure == "auc":
        return 1 - np.minimum(errors_F, threshold) / threshold
    return (errors_F > threshold).astype(np.float64)
