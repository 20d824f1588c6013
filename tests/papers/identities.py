"""What printed numbers have to satisfy, whatever was measured; each number is good to half of its last digit."""

from collections.abc import Iterator
from math import ceil, floor, hypot

from facealign.evaluation.papers.table import SCALE, PaperTable, TableRow, printed_mean

PARTS_OF_300W = {"common": 554, "challenging": 135}


def violations(table: PaperTable) -> Iterator[tuple[str, str]]:
    """(row label, column) of every number that cannot be right; of several, the one that the files blame."""
    for row in table.rows:
        yield from ((row.label, key) for key in _auc(table, row))
        yield from ((row.label, key) for key in _full_of_300w(table, row))
        yield from ((row.label, key) for key in _shares(table, row))
        yield from ((row.label, key) for key in _directions(table, row))


def bounds(table: PaperTable, row: TableRow, key: str) -> tuple[float, float] | None:
    """Between which the true number lies, in the column's unit."""
    number = printed_mean(row.printed[key])
    half = 0.5 * 10 ** -table.columns[key].decimals
    return None if number is None else (number - half, number + half)


def _beside(table: PaperTable, key: str, figure: str, **changes: object) -> str | None:
    """The column that says another metric of the same faces."""
    own = table.columns[key]
    for other, column in table.columns.items():
        same = all(
            getattr(column, name) == getattr(own, name) for name in ("data", "normalizer") if name not in changes
        )
        if same and column.figure == figure and column.subset == changes.get("subset", own.subset):
            return other
    return None


def _auc(table: PaperTable, row: TableRow) -> Iterator[str]:
    """AUC_t ≥ 1 − NME/t."""
    for key, column in table.columns.items():
        nme = _beside(table, key, "nme") if column.figure == "auc" else None
        area, error = bounds(table, row, key), nme and bounds(table, row, nme)
        if area and error and area[1] / SCALE[column.unit] < 1 - error[1] / 100 / column.threshold:
            yield key


def _full_of_300w(table: PaperTable, row: TableRow) -> Iterator[str]:
    """Full = (554 · Common + 135 · Challenging) / 689."""
    for key, column in table.columns.items():
        if column.data != "300w" or column.figure != "nme" or column.subset is not None:
            continue
        parts = {name: _beside(table, key, "nme", subset=name) for name in PARTS_OF_300W}
        if None in parts.values():
            continue
        whole, *ends = (bounds(table, row, name) for name in (key, *parts.values()))
        if whole is None or None in ends:
            continue
        faces = PARTS_OF_300W.values()
        low, high = (sum(n * end[i] for n, end in zip(faces, ends, strict=True)) / 689 for i in (0, 1))
        if high < whole[0] or low > whole[1]:
            yield key


def _shares(table: PaperTable, row: TableRow) -> Iterator[str]:
    """A failure rate is a whole number of faces, of all runs that it is the mean of."""
    for key, column in table.columns.items():
        if column.figure == "failure_rate" and column.faces and (found := bounds(table, row, key)):
            low, high = (end / 100 * column.faces * table.runs for end in found)
            if floor(high) < ceil(low):
                yield key


def _directions(table: PaperTable, row: TableRow) -> Iterator[str]:
    """√(normal² + tangent²) ≤ overall ≤ normal + tangent; bias rate = (tangent − normal) / normal."""
    keys = {column.figure: key for key, column in table.columns.items()}
    if not {"normal_nme", "tangent_nme", "nme", "bias_rate"} <= keys.keys():
        return
    normal, tangent, overall, bias = (
        bounds(table, row, keys[name]) for name in ("normal_nme", "tangent_nme", "nme", "bias_rate")
    )
    least = 100 * (tangent[0] - normal[1]) / normal[1]
    most = 100 * (tangent[1] - normal[0]) / normal[0]
    fits = hypot(normal[0], tangent[0]) <= overall[1] and overall[0] <= normal[1] + tangent[1]
    if not fits or bias[1] < least or bias[0] > most:
        yield keys["normal_nme"]
