"""Sheets of faces with the landmarks on them, and a caption under each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.report import lettering
from facealign.report.landmarks import draw_box, draw_landmarks, draw_residuals
from facealign.report.marks import MarkSize
from facealign.report.style import BOX, PREDICTED, TRUTH

_GAP = 12
_NARROWEST = 480  # room for title and legend, however few the faces
_EMPTY = 236  # grey of what a picture that is not square leaves free


@dataclass(frozen=True, kw_only=True)
class FaceCell:
    """One face of a sheet.

    Attributes:
        image: (H, W, 3) uint8 RGB, most often the crop.
        truth: (N, 2) landmarks, pixels of ``image``; None draws none. NaN where unknown.
        predicted: (N, 2) likewise.
        box: (x0, y0, x1, y1), pixels of ``image``; None draws none.
        visible: (N,) bool; hidden landmarks are drawn hollow. None: all are visible.
        caption: Two lines at the most; the first is the darker. One too long for the cell is cut in its middle.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.float64] | None = None
    predicted: NDArray[np.float64] | None = None
    box: NDArray[np.float64] | None = None
    visible: NDArray[np.bool_] | None = None
    caption: str = ""


def contact_sheet(
    cells: Sequence[FaceCell],
    schema: LandmarkSchema,
    columns: int = 4,
    cell_size: int = 320,
    title: str = "",
) -> NDArray[np.uint8]:
    """Faces in rows, each in a square of ``cell_size`` pixels, with a legend of the marks.

    Returns:
        (H, W, 3) uint8 RGB. The first picture's top-left pixel is at (12, ``lettering.HEADER``), as (x, y).

    Raises:
        UserError: There is no cell, the sheet has no room for one, or points are not those of the schema.
    """
    if not cells:
        raise UserError("a contact sheet needs a face to show; the list of cells is empty")
    if columns < 1 or cell_size < 48:
        raise UserError(f"columns {columns}, cell_size {cell_size}: at least 1 column and 48 pixels are needed")
    columns = min(columns, len(cells))
    pitch_x, pitch_y = cell_size + _GAP, cell_size + lettering.CAPTION
    rows = math.ceil(len(cells) / columns)
    height, width = lettering.HEADER + rows * pitch_y, max(columns * pitch_x + _GAP, _NARROWEST)
    sheet = np.full((height, width, 3), 255, dtype=np.uint8)
    captions: list[lettering.Caption] = []
    for position, cell in enumerate(cells):
        x = _GAP + position % columns * pitch_x
        y = lettering.HEADER + position // columns * pitch_y
        sheet[y : y + cell_size, x : x + cell_size] = draw_cell(cell, schema, cell_size)
        captions.append(lettering.Caption(x, y + cell_size, cell_size, cell.caption))
    return lettering.write(sheet, title, _legend(cells), captions, margin=_GAP)


def draw_cell(cell: FaceCell, schema: LandmarkSchema, size: int) -> NDArray[np.uint8]:
    """(size, size, 3): the face as large as it fits, centred, with its landmarks drawn after the resizing."""
    height, width = cell.image.shape[:2]
    factor = size / max(height, width)
    new = np.array([max(round(width * factor), 1), max(round(height * factor), 1)])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    offset = (size - new) // 2
    picture = np.full((size, size, 3), _EMPTY, dtype=np.uint8)
    window = picture[offset[1] : offset[1] + new[1], offset[0] : offset[0] + new[0]]
    window[:] = cv2.resize(cell.image, (int(new[0]), int(new[1])), interpolation=way)

    # Rounding the size makes the two factors differ by a hair, and the marks follow the picture.
    factors = new / [width, height]
    truth, predicted = (
        None if points is None else (points + 0.5) * factors - 0.5 + offset
        for points in (cell.truth, cell.predicted)
    )
    marks = MarkSize.for_picture(size)
    if cell.box is not None:
        corners = (cell.box.reshape(2, 2) + 0.5) * factors - 0.5 + offset
        picture = draw_box(picture, corners.ravel(), BOX, marks)
    if truth is not None and predicted is not None:
        picture = draw_residuals(picture, truth, predicted, marks)
    for points, colour in ((truth, TRUTH), (predicted, PREDICTED)):
        if points is not None:
            picture = draw_landmarks(picture, points, schema, colour, cell.visible, marks)
    return picture


def save_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 RGB as a PNG file; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert whole, "any uint8 picture can be a PNG"
    path.write_bytes(data.tobytes())


def _legend(cells: Sequence[FaceCell]) -> list[lettering.LegendEntry]:
    """Of the marks that occur."""
    entries = []
    if any(cell.truth is not None for cell in cells):
        entries.append(lettering.LegendEntry("truth", TRUTH))
    if any(cell.predicted is not None for cell in cells):
        entries.append(lettering.LegendEntry("predicted", PREDICTED))
    if any(cell.box is not None for cell in cells):
        entries.append(lettering.LegendEntry("box", BOX))
    if entries and any(cell.visible is not None and not cell.visible.all() for cell in cells):
        entries.append(lettering.LegendEntry("hidden", entries[0].colour, hollow=True))
    return entries
