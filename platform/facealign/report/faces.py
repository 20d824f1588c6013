"""Sheets of faces with the landmarks on them, and a caption under each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.report.style import BOX, FONT, INK, MUTED, PREDICTED, RGB, RIM, TRUTH, to_rgb

# Dots, rings and lines drawn on an image, smooth and exact to a small fraction of a pixel.
#
# A shape covers a pixel by the pixel's distance from the shape's outline: all of it half a pixel inside, none half
# a pixel outside. So dots of two pixels are round, and line widths are any fraction of a pixel; OpenCV's are
# neither.


Point = NDArray[np.float64]
"""(2,) x, y in pixels of the image: 0-based, origin at the center of the top-left pixel."""


@dataclass(frozen=True)
class MarkSize:
    """Measures in pixels of the image that is drawn on."""

    radius: float
    rim: float
    line: float

    @classmethod
    def for_picture(cls, pixels: int) -> "MarkSize":
        """Marks in proportion to an image of so many pixels, and legible on the smallest."""
        return cls(
            radius=min(max(pixels / 170, 1.4), 5.0),
            rim=min(max(pixels / 400, 0.7), 1.5),
            line=min(max(pixels / 320, 0.8), 2.5),
        )


class Layer:
    """How much of each pixel a set of shapes covers. Where shapes overlap, the pixel is covered once."""

    def __init__(self, height: int, width: int) -> None:
        self._coverage = np.zeros((height, width), dtype=np.float32)

    def dot(self, center: Point, radius: float) -> None:
        """A disc."""
        self.line(center, center, 2 * radius)

    def line(self, start: Point, end: Point, width: float) -> None:
        """A straight line with round ends."""
        self._cover(start, end, width / 2, hole=0.0)

    def ring(self, center: Point, radius: float, width: float) -> None:
        """A circle; ``radius`` is that of its middle."""
        self._cover(center, center, radius + width / 2, hole=radius - width / 2)

    def blend(self, picture: NDArray[np.uint8], color: RGB, opacity: float = 1.0) -> NDArray[np.uint8]:
        """A copy of the (H, W, 3) image under the layer's shapes in ``color``."""
        weight = (self._coverage * opacity)[..., None]
        mixed = picture + (np.array(color, dtype=np.float32) - picture) * weight
        return np.asarray(np.rint(mixed), dtype=np.uint8)

    def _cover(self, start: Point, end: Point, radius: float, hole: float) -> None:
        """Cover the pixels within ``radius`` of the line from start to end, except those within ``hole``."""
        height, width = self._coverage.shape
        limit = [width, height]
        low = np.clip(np.floor(np.minimum(start, end) - radius), 0, limit).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + radius) + 1, 0, limit).astype(int)
        x, y = np.arange(low[0], high[0]), np.arange(low[1], high[1])[:, None]
        run = end - start
        length2 = float(run @ run)
        along = np.clip(((x - start[0]) * run[0] + (y - start[1]) * run[1]) / length2, 0, 1) if length2 else 0.0
        distance = np.hypot(x - start[0] - along * run[0], y - start[1] - along * run[1])
        covered = np.clip(radius + 0.5 - distance, 0, 1)
        if hole > 0:
            covered = covered - np.clip(hole + 0.5 - distance, 0, 1)
        window = self._coverage[low[1] : high[1], low[0] : high[0]]
        np.maximum(window, covered, out=window, casting="same_kind")


# A set of landmarks drawn on an image of a face.


_CONTOUR_OPACITY = 0.6
_RIM_OPACITY = 0.65


def draw_landmarks(
    image: NDArray[np.uint8],
    points: NDArray[np.float64],
    schema: LandmarkSchema,
    color: RGB,
    visible: NDArray[np.bool_] | None = None,
    size: MarkSize | None = None,
) -> NDArray[np.uint8]:
    """A copy of the image with thin contours and a dot at each landmark.

    Args:
        image: (H, W, 3) uint8 RGB.
        points: (N, 2), pixels of ``image``, 0-based, origin at the center of the top-left pixel. Landmarks that
            are not finite are left out, and so are the pieces of contour that touch them.
        visible: (N,) bool; hidden landmarks are rings. None: all are visible.
        size: None chooses one for the image.

    Raises:
        UserError: The points are not those of the schema.
    """
    if points.shape != (schema.size, 2):
        raise UserError(f"points {points.shape} do not fit schema {schema.name}: ({schema.size}, 2) are needed")
    height, width = image.shape[:2]
    size = size or MarkSize.for_picture(min(height, width))
    seen = np.ones(schema.size, dtype=np.bool_) if visible is None else visible
    contours, rims, marks = (Layer(height, width) for _ in range(3))
    for start, end in _segments(points, schema):
        contours.line(start, end, size.line)
    for index in np.flatnonzero(np.isfinite(points).all(axis=1)):
        if seen[index]:
            rims.dot(points[index], size.radius + size.rim)
            marks.dot(points[index], size.radius)
        else:
            rims.ring(points[index], size.radius + size.rim / 2, size.line + 2 * size.rim)
            marks.ring(points[index], size.radius + size.rim / 2, size.line)
    picture = contours.blend(image, color, _CONTOUR_OPACITY)
    return marks.blend(rims.blend(picture, RIM, _RIM_OPACITY), color)


def draw_box(image: NDArray[np.uint8], box: NDArray[np.float64], color: RGB, size: MarkSize) -> NDArray[np.uint8]:
    """A copy of the image with the outline of a box (x0, y0, x1, y1), pixels, as far as it lies inside."""
    x0, y0, x1, y1 = box
    rim, line = (Layer(*image.shape[:2]) for _ in range(2))
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
    for start, end in pairwise(corners):
        rim.line(start, end, 1.5 * size.line + 2 * size.rim)
        line.line(start, end, 1.5 * size.line)
    return line.blend(rim.blend(image, RIM, _RIM_OPACITY), color)


def draw_residuals(
    image: NDArray[np.uint8], truth: NDArray[np.float64], predicted: NDArray[np.float64], size: MarkSize
) -> NDArray[np.uint8]:
    """A copy of the image with a white line from each true landmark to the predicted one, (N, 2) each."""
    lines = Layer(*image.shape[:2])
    for start, end in zip(truth, predicted, strict=True):
        if np.isfinite([start, end]).all():
            lines.line(start, end, size.line)
    return lines.blend(image, (255, 255, 255), 0.9)


def _segments(
    points: NDArray[np.float64], schema: LandmarkSchema
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The straight pieces of the schema's contours, as far as their landmarks are known."""
    pairs = [pair for edge in schema.edges for pair in zip(edge.polyline, edge.polyline[1:], strict=False)]
    return [(points[a], points[b]) for a, b in pairs if np.isfinite(points[[a, b]]).all()]


# Words on an image: title, legend and captions, set in real type and not in OpenCV's strokes.
#
# The image is laid under a figure of its own size, pixel on pixel, and matplotlib sets the text over it.


HEADER = 44
"""Height of the band of title and legend, pixels."""
CAPTION = 46
"""Height of the band of two lines under a cell, pixels."""
_DPI = 100
_POINTS = 72 / _DPI  # of type, in one pixel


@dataclass(frozen=True)
class Caption:
    """Up to two lines, set below the left corner (x, y) of a cell of ``width`` pixels."""

    x: int
    y: int
    width: int
    text: str


@dataclass(frozen=True)
class LegendEntry:
    """A mark and what it means."""

    text: str
    color: RGB
    hollow: bool = False


def write(
    picture: NDArray[np.uint8],
    title: str,
    legend: Sequence[LegendEntry],
    captions: Sequence[Caption],
    margin: int,
) -> NDArray[np.uint8]:
    """The image with its words; every pixel without one stays as it is.

    Args:
        image: (H, W, 3) uint8 RGB.
        margin: Free pixels at both sides of the header.
    """
    height, width = picture.shape[:2]
    # The canvas floors its size; a hundredth of a pixel more keeps width / 100 · 100 from falling short of width.
    figure = Figure(figsize=((width + 0.01) / _DPI, (height + 0.01) / _DPI), dpi=_DPI)
    page = _Page(figure, width, height)
    left_of_legend = page.legend(legend, margin)
    page.text(margin, HEADER // 2, title, 15, INK, left_of_legend - 2 * margin, weight="bold")
    for caption in captions:
        for line, (text, color) in enumerate(zip(caption.text.split("\n")[:2], (INK, MUTED), strict=False)):
            page.text(caption.x, caption.y + 13 + 18 * line, text, 12.5, color, caption.width)
    figure.figimage(picture, 0, 0, origin="upper")
    return to_rgb(figure)


class _Page:
    """A figure addressed in pixels from its top-left corner."""

    def __init__(self, figure: Figure, width: int, height: int) -> None:
        self._figure, self._width, self._height = figure, width, height
        self._canvas = FigureCanvasAgg(figure)

    def text(
        self, x: float, y: float, text: str, pixels: float, color: str, room: float, weight: str = "normal"
    ) -> Any:
        """Set one line, its middle at ``y``, cut so that it takes ``room`` pixels at the most."""
        line = self._figure.text(
            x / self._width,
            1 - y / self._height,
            text,
            size=pixels * _POINTS,
            color=color,
            family=FONT,
            weight=weight,
            va="center_baseline",
            parse_math=False,
        )
        kept = len(text)
        while kept > 1 and self._width_of(line) > room:
            kept -= 1
            head, tail = (kept + 1) // 2, kept // 2
            line.set_text(f"{text[:head]}…{text[len(text) - tail :]}")
        return line

    def legend(self, entries: Sequence[LegendEntry], margin: int) -> float:
        """Set marks and words against the right margin; returns where they begin."""
        x = float(self._width - margin)
        for entry in reversed(entries):
            line = self.text(x, HEADER // 2, entry.text, 12.5, MUTED, self._width, weight="normal")
            x -= self._width_of(line)
            line.set_x(x / self._width)
            x -= 11
            self._mark(x, HEADER // 2, entry)
            x -= 20
        return x

    def _mark(self, x: float, y: float, entry: LegendEntry) -> None:
        color, rim = np.array(entry.color) / 255, np.array(RIM) / 255
        mark = Line2D(
            [x / self._width],
            [1 - y / self._height],
            marker="o",
            markersize=9 * _POINTS,
            markerfacecolor="none" if entry.hollow else color,
            markeredgecolor=color if entry.hollow else rim,
            markeredgewidth=(1.6 if entry.hollow else 1.2) * _POINTS,
            transform=self._figure.transFigure,
        )
        self._figure.add_artist(mark)

    def _width_of(self, line: Any) -> float:
        return float(line.get_window_extent(self._canvas.get_renderer()).width)


_GAP = 12
_NARROWEST = 480  # room for title and legend, however few the faces
_EMPTY = 236  # gray of what an image that is not square leaves free


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


def image_grid(
    cells: Sequence[FaceCell],
    schema: LandmarkSchema,
    columns: int = 4,
    cell_size: int = 320,
    title: str = "",
) -> NDArray[np.uint8]:
    """Faces in rows, each in a square of ``cell_size`` pixels, with a legend of the marks.

    Returns:
        (H, W, 3) uint8 RGB. The first image's top-left pixel is at (12, ``HEADER``), as (x, y).

    Raises:
        UserError: There is no cell, the sheet has no room for one, or points are not those of the schema.
    """
    if not cells:
        raise UserError("an image grid needs a face to show; the list of cells is empty")
    if columns < 1 or cell_size < 48:
        raise UserError(f"columns {columns}, cell_size {cell_size}: at least 1 column and 48 pixels are needed")
    columns = min(columns, len(cells))
    pitch_x, pitch_y = cell_size + _GAP, cell_size + CAPTION
    rows = math.ceil(len(cells) / columns)
    height, width = HEADER + rows * pitch_y, max(columns * pitch_x + _GAP, _NARROWEST)
    sheet = np.full((height, width, 3), 255, dtype=np.uint8)
    captions: list[Caption] = []
    for position, cell in enumerate(cells):
        x = _GAP + position % columns * pitch_x
        y = HEADER + position // columns * pitch_y
        sheet[y : y + cell_size, x : x + cell_size] = draw_cell(cell, schema, cell_size)
        captions.append(Caption(x, y + cell_size, cell_size, cell.caption))
    return write(sheet, title, _legend(cells), captions, margin=_GAP)


def draw_cell(cell: FaceCell, schema: LandmarkSchema, size: int) -> NDArray[np.uint8]:
    """(size, size, 3): the face as large as it fits, centered, with its landmarks drawn after the resizing."""
    height, width = cell.image.shape[:2]
    factor = size / max(height, width)
    new = np.array([max(round(width * factor), 1), max(round(height * factor), 1)])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    offset = (size - new) // 2
    picture = np.full((size, size, 3), _EMPTY, dtype=np.uint8)
    window = picture[offset[1] : offset[1] + new[1], offset[0] : offset[0] + new[0]]
    window[:] = cv2.resize(cell.image, (int(new[0]), int(new[1])), interpolation=way)

    # Rounding the size makes the two factors differ by a hair, and the marks follow the image.
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
    for points, color in ((truth, TRUTH), (predicted, PREDICTED)):
        if points is not None:
            picture = draw_landmarks(picture, points, schema, color, cell.visible, marks)
    return picture


def save_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 RGB as a PNG file; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert whole, "any uint8 image can be a PNG"
    path.write_bytes(data.tobytes())


def _legend(cells: Sequence[FaceCell]) -> list[LegendEntry]:
    """Draw the legend of the marks that occur."""
    entries = []
    if any(cell.truth is not None for cell in cells):
        entries.append(LegendEntry("truth", TRUTH))
    if any(cell.predicted is not None for cell in cells):
        entries.append(LegendEntry("predicted", PREDICTED))
    if any(cell.box is not None for cell in cells):
        entries.append(LegendEntry("box", BOX))
    if entries and any(cell.visible is not None and not cell.visible.all() for cell in cells):
        entries.append(LegendEntry("hidden", entries[0].color, hollow=True))
    return entries
