"""The numbers behind the plots as CSV, in the form that ``dvc plots`` draws and compares between revisions."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.metrics import ced

_POINTS = 201


def write_ced_csv(path: Path, curves: Mapping[str, NDArray[np.float64]], limit: float = 0.10) -> None:
    """Write CEDs on one even grid of NMEs from 0 to ``limit``, both ends included.

    The x column is ``nme_percent``; each method has a y column with the share of faces, 0…1.

    Args:
        curves: (F,) NMEs (fractions) by name; spaces in a name become ``_``, so that dvc.yaml can name the column.

    Raises:
        UserError: There is no curve, or as ``metrics.ced`` does.
    """
    if not curves:
        raise UserError(f"{path}: there are no errors to write a distribution of; evaluate a method first")
    grid = np.linspace(0, limit, _POINTS)
    columns = [ced(nme_F, grid) for nme_F in curves.values()]
    header = ["nme_percent", *(name.replace(" ", "_") for name in curves)]
    write_csv(
        path,
        header,
        ([f"{100 * x:.6g}", *(f"{y:.6f}" for y in row)] for x, *row in zip(grid, *columns, strict=True)),
    )


def write_history_csv(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch; the columns are the keys of the first.

    Floats are written so that they read back to the same bits; what is None is an empty cell.

    Raises:
        UserError: No epoch is finished, or a record has other keys than the first.
    """
    if not history:
        raise UserError(f"{path}: a history needs a finished epoch; it is empty")
    header = list(history[0])
    for record in history:
        if set(record) != set(header):
            raise UserError(
                f"{path}: a record with {sorted(record)} among records with {sorted(header)}; use one set"
            )
    write_csv(path, header, ([record[key] for key in header] for record in history))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """All or nothing: what stood at ``path`` stays until the new file is whole. The folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(partial, path)
