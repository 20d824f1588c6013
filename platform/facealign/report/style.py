"""The visual language of all plots: what a color means, and how large a letter is.

On faces, truth is blue, prediction yellow and a published box green, each on a dark rim, because skin is warm and
hair is dark. The first two stay apart under protanopia, deuteranopia and tritanopia, and differ in lightness
besides; a box differs by its form. Lines on paper have the colors of Okabe and Ito (2008, "Color Universal
Design"), chosen for the same reason.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import NDArray

RGB = tuple[int, int, int]

TRUTH: RGB = (51, 153, 255)
PREDICTED: RGB = (255, 214, 0)
BOX: RGB = (90, 230, 150)
RIM: RGB = (20, 20, 20)

PAPER = "#ffffff"
INK = "#1f2328"
MUTED = "#6b7280"
RULE = "#d8dce1"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Colors of lines on paper, in the order they are given out."""

ON_DARK: tuple[RGB, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (240, 228, 66),
    (0, 190, 140),
    (204, 121, 167),
    (255, 120, 60),
)
"""Colors of maps on a darkened image, in the order they are given out: the bright ones of the same family."""

FONT = "DejaVu Sans"
MONOSPACE = "DejaVu Sans Mono"
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.0, 10.0, 9.0

WIDTH = 5.4
"""Inches, of a plot with one panel: on a telephone its words are still to be read."""

MEAN_SHAPE = "mean shape"
"""The name of the baseline that every method is held against; drawn gray and dashed."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches, with no tie to pyplot's global state."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, wspace=0.06)
    figure = Figure(figsize=(width, height), dpi=150, layout=layout, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Any, title: str, x_label: str, y_label: str) -> None:
    """Give an axes its title, labels, light grid and fonts."""
    axes.set_title(title, loc="left", fontsize=TITLE_SIZE, color=INK, family=FONT, pad=10)
    axes.set_xlabel(x_label, fontsize=TEXT_SIZE, color=INK, family=FONT)
    axes.set_ylabel(y_label, fontsize=TEXT_SIZE, color=INK, family=FONT)
    axes.tick_params(colors=MUTED, labelsize=SMALL_SIZE, labelfontfamily=FONT, length=0)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)


def legend_below(figure: Any, keys: Iterable[Line2D]) -> None:
    """One legend under all axes, where it covers nothing."""
    keys = list(keys)
    if not keys:
        return
    figure.legend(
        handles=keys,
        loc="outside lower center",
        ncols=len(keys) if len(keys) <= 4 else 3,
        frameon=False,
        labelcolor=INK,
        prop={"family": FONT, "size": SMALL_SIZE},
        handlelength=1.8,
        columnspacing=1.4,
    )


def to_rgb(figure: Figure) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: the figure as it is drawn."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba(), dtype=np.uint8)[..., :3].copy()
