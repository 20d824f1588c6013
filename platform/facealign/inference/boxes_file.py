"""Reads boxes of faces from a file, made by another detector or by hand."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError, open_file
from facealign.inference.aligner import checked_boxes

_COLUMNS = ("photo", "x0", "y0", "x1", "y1")
_LARGEST = 1 << 28


def read_boxes(path: Path) -> dict[str, NDArray[np.float64]]:
    """(F, 4) boxes (x0, y0, x1, y1), 0-based pixels, by the photo's name below the folder (by a frame's number).

    A CSV file has the columns photo, x0, y0, x1, y1 and a row for each face; a JSON file is
    ``{"photo": [[x0, y0, x1, y1], …]}``.

    Raises:
        UserError: The file cannot be read, or is neither.
    """
    try:
        with open_file(path) as stream:
            text = stream.read(_LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    by_photo = _from_json(text, path) if path.suffix.lower() == ".json" else _from_csv(text, path)
    boxes = {}
    for photo, rows in by_photo.items():
        try:
            boxes[photo] = checked_boxes(rows)
        except UserError as error:
            raise UserError(f"{path}: {photo}: {error}") from None
    return boxes


def _from_json(text: str, path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise UserError(f'{path}: holds no object; write {{"photo.jpg": [[x0, y0, x1, y1], …]}}')
    return data


def _from_csv(text: str, path: Path) -> Mapping[str, Any]:
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise UserError(
            f"{path}: has no column {', '.join(missing)}; its first line is to be {','.join(_COLUMNS)}"
        )
    by_photo: dict[str, list[list[str]]] = {}
    for row in rows:
        by_photo.setdefault(row["photo"], []).append([row[name] for name in _COLUMNS[1:]])
    return by_photo
