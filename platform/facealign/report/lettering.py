"""Words on a picture: title, legend and captions, set in real type and not in OpenCV's strokes.

The picture is laid under a figure of its own size, pixel on pixel, and matplotlib sets the text over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from facealign.report.style import FONT, INK, MUTED, RGB, RIM, to_rgb

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
    colour: RGB
    hollow: bool = False


def write(
    picture: NDArray[np.uint8],
    title: str,
    legend: Sequence[LegendEntry],
    captions: Sequence[Caption],
    margin: int,
) -> NDArray[np.uint8]:
    """The picture with its words; every pixel without one stays as it is.

    Args:
        picture: (H, W, 3) uint8 RGB.
        margin: Free pixels at both sides of the header.
    """
    height, width = picture.shape[:2]
    # The canvas floors its size; a hundredth of a pixel more keeps width / 100 · 100 from falling short of width.
    figure = Figure(figsize=((width + 0.01) / _DPI, (height + 0.01) / _DPI), dpi=_DPI)
    page = _Page(figure, width, height)
    left_of_legend = page.legend(legend, margin)
    page.text(margin, HEADER // 2, title, 15, INK, left_of_legend - 2 * margin, weight="bold")
    for caption in captions:
        for line, (text, colour) in enumerate(zip(caption.text.split("\n")[:2], (INK, MUTED), strict=False)):
            page.text(caption.x, caption.y + 13 + 18 * line, text, 12.5, colour, caption.width)
    figure.figimage(picture, 0, 0, origin="upper")
    return to_rgb(figure)


class _Page:
    """A figure addressed in pixels from its top-left corner."""

    def __init__(self, figure: Figure, width: int, height: int) -> None:
        self._figure, self._width, self._height = figure, width, height
        self._canvas = FigureCanvasAgg(figure)

    def text(
        self, x: float, y: float, text: str, pixels: float, colour: str, room: float, weight: str = "normal"
    ) -> Any:
        """Set one line, its middle at ``y``, cut so that it takes ``room`` pixels at the most."""
        line = self._figure.text(
            x / self._width,
            1 - y / self._height,
            text,
            size=pixels * _POINTS,
            color=colour,
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
        colour, rim = np.array(entry.colour) / 255, np.array(RIM) / 255
        mark = Line2D(
            [x / self._width],
            [1 - y / self._height],
            marker="o",
            markersize=9 * _POINTS,
            markerfacecolor="none" if entry.hollow else colour,
            markeredgecolor=colour if entry.hollow else rim,
            markeredgewidth=(1.6 if entry.hollow else 1.2) * _POINTS,
            transform=self._figure.transFigure,
        )
        self._figure.add_artist(mark)

    def _width_of(self, line: Any) -> float:
        return float(line.get_window_extent(self._canvas.get_renderer()).width)
