"""A table trained again: our metrics beside the printed ones, as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from facealign.config import Settings
from facealign.evaluation.papers.table import SCALE, PaperTable, TableRow, printed_mean
from facealign.evaluation.papers.table_metrics import MEAN_SHAPE, metric_key

FEWEST_TO_SPREAD = 3
"""Rows from which on their spread says something."""

FEWEST_TO_RANK = 4
"""Rows that a rank correlation needs to say anything."""


class ReproducedCell(Settings):
    """A metric of ours, in the column's unit: one value for each seed."""

    runs: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.runs))

    @property
    def sd(self) -> float | None:
        """Between the seeds, of a sample; None with one."""
        return float(np.std(self.runs, ddof=1)) if len(self.runs) > 1 else None


class Conditions(Settings):
    """The conditions of a reproduction: data, settings, machine.

    Attributes:
        preset: ``small`` or ``paper``.
        data: Of the prepared faces, as the table's data set; ``stand_in``: they are others than the paper's.
        faces: Of the folds train, val and test.
        crop: Side of the network's input, px.
        epochs: Of each training.
        batch_size: Faces of a step.
        seeds: Of each row.
        commit: Of the code.
    """

    preset: str
    source: str
    data: str
    stand_in: bool
    landmarks: str
    faces: tuple[int, int, int]
    crop: int
    epochs: int
    batch_size: int
    seeds: tuple[int, ...]
    commit: str


class ColumnSpread(Settings):
    """Whether rows differ by more than chance, and in the paper's order.

    Attributes:
        printed: Between the largest and the smallest printed number of the rows that we have.
        ours: Likewise, of our means.
        seeds: Pooled standard deviation between the seeds of a row; None with one seed.
        rank_correlation: Spearman's, of printed and ours; None with few rows, or where all are equal.
    """

    printed: float
    ours: float
    seeds: float | None
    rank_correlation: float | None


class Reproduced(Settings):
    """A reproduced table: conditions, cells and trainings; ``table.json`` holds it.

    Attributes:
        lacking: Why a column is not measured, by column.
        ours: By row label, then by column.
        mean_shape: What the mean shape of the training faces scores, by column.
        failed: Why a training failed, by row label.
    """

    table: PaperTable
    conditions: Conditions
    lacking: dict[str, str]
    ours: dict[str, dict[str, ReproducedCell]]
    mean_shape: dict[str, float]
    failed: dict[str, str]

    def spread(self, key: str) -> ColumnSpread | None:
        """Compare the spread of a column's rows; None where fewer than three have both numbers."""
        pairs = [
            (number, self.ours[row.label][key])
            for row in self.table.rows
            if key in self.ours.get(row.label, {}) and (number := corrected(row, key)) is not None
        ]
        if len(pairs) < FEWEST_TO_SPREAD:
            return None
        printed, cells = np.array([number for number, _ in pairs]), [cell for _, cell in pairs]
        means = np.array([cell.mean for cell in cells])
        deviations = [cell.sd for cell in cells if cell.sd is not None]
        return ColumnSpread(
            printed=float(np.ptp(printed)),
            ours=float(np.ptp(means)),
            seeds=float(np.sqrt(np.mean(np.square(deviations)))) if deviations else None,
            rank_correlation=_rank_correlation(printed, means),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with means and deviations beside the runs."""
        plain = self.model_dump(mode="json")
        for label, cells in self.ours.items():
            for key, cell in cells.items():
                plain["ours"][label][key] |= {"mean": cell.mean, "sd": cell.sd}
        spreads = {key: self.spread(key) for key in self.table.columns}
        plain["spread"] = {
            key: found.model_dump(mode="json") for key, found in spreads.items() if found is not None
        }
        return plain


def corrected(row: TableRow, key: str) -> float | None:
    """The printed number; of a misprint, what it should read where that is known."""
    misprint = row.misprints.get(key)
    if misprint is not None and misprint.reads is not None:
        return misprint.reads
    return printed_mean(row.printed[key])


def cells(table: PaperTable, row: TableRow, runs: Sequence[Mapping[str, float]]) -> dict[str, ReproducedCell]:
    """Compute a row's cells from its trainings, one for each seed: by column, in the columns' units."""
    found = {}
    for key, column in table.columns.items():
        name = metric_key(key) if column.figure == "parameters" else metric_key(key, row.curve)
        values = tuple(SCALE[column.unit] * metrics[name] for metrics in runs if name in metrics)
        if values:
            found[key] = ReproducedCell(runs=values)
    return found


def mean_shape_cells(table: PaperTable, metrics: Mapping[str, float]) -> dict[str, float]:
    """The mean shape's metrics by column, in the columns' units."""
    names = {key: metric_key(key, of=MEAN_SHAPE) for key in table.columns}
    return {key: SCALE[table.columns[key].unit] * metrics[name] for key, name in names.items() if name in metrics}


def _rank_correlation(printed: np.ndarray[Any, Any], ours: np.ndarray[Any, Any]) -> float | None:
    from scipy.stats import spearmanr

    if len(printed) < FEWEST_TO_RANK or np.ptp(printed) == 0 or np.ptp(ours) == 0:
        return None
    return float(spearmanr(printed, ours).statistic)
