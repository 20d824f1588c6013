"""Comma-separated text, line by line, so that one damaged line costs one face and not the table."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from facealign.config import UserError, open_file

_LONGEST_LINE = 1 << 20
"""Bytes; two thousand landmarks take a twentieth of it. What is longer has no line ends, and is no table."""


class SourceRow(NamedTuple):
    """The cells of a line, or why there are none."""

    number: int
    cells: list[str]
    problem: str


def read_table(path: Path) -> tuple[list[str], Iterator[SourceRow]]:
    """The column names of the first line, and a row for each line below it that is not blank.

    Text is UTF-8, with or without a byte-order mark; lines end in LF or CRLF. A cell with a comma in it is put in
    double quotes; a cell cannot hold a line end.

    Raises:
        UserError: The file cannot be read, is empty, or its first line is not text.
    """
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        raise UserError(f"{path}: the file is empty; its first line must name the columns")
    if first.problem:
        raise UserError(f"{path}:{first.number}: the line of column names {first.problem}")
    return [cell.strip() for cell in first.cells], (_checked(row, len(first.cells)) for row in rows)


def _rows(path: Path) -> Iterator[SourceRow]:
    try:
        with open_file(path) as stream:
            number = 0
            while data := stream.readline(_LONGEST_LINE):
                number += 1
                if len(data) == _LONGEST_LINE and not data.endswith(b"\n"):
                    yield SourceRow(number, [], f"is longer than {_LONGEST_LINE} bytes; is this a table?")
                    return
                if data.strip():
                    yield _row(number, data)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _row(number: int, data: bytes) -> SourceRow:
    try:
        text = data.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
    except UnicodeDecodeError as error:
        return SourceRow(number, [], f"is not UTF-8 text (byte {error.start}); save the table as UTF-8")
    if '"' not in text:
        return SourceRow(number, text.split(","), "")
    try:
        return SourceRow(number, next(csv.reader([text], strict=True)), "")
    except csv.Error as error:
        return SourceRow(number, [], f"is not comma-separated text: {error}; fix its quotes")


def _checked(row: SourceRow, columns: int) -> SourceRow:
    if row.problem or len(row.cells) == columns:
        return row
    return SourceRow(
        row.number, [], f"has {len(row.cells)} cells, the first line names {columns} columns; fix the row"
    )
