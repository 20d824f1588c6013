"""Errors on the mean face: by landmark, by edge, and as ellipses (ADNet, Figs. 1 and 7)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.metrics import Ellipses
from facealign.report.comparison.run import ReportRun
from facealign.report.style import FONT, INK, MUTED, PAPER, RULE, SMALL_SIZE, TEXT_SIZE, WIDTH, new_figure

COLORS = "viridis"
"""Rises in lightness throughout, so that it survives a gray print and color blindness."""

SIGMAS = 2.0
"""Radii of the drawn ellipses: of a Gaussian, 86 % of the errors lie within."""

_HALO = [withStroke(linewidth=2.5, foreground=PAPER)]

_MARGIN = 0.12
"""Free room about the face, in reference distances."""


def error_map(run: ReportRun, most: float) -> Figure:
    """Two panels: the mean error of each landmark, and that of each edge.

    Args:
        most: The upper end of the colors, a fraction: one for all runs that are compared.
    """
    face_N2, schema = run.upright.mean_face, run.schema
    scale = Normalize(0, 100 * most)
    figure = new_figure(1.15 * WIDTH, 0.62 * WIDTH * _height(face_N2) + 0.7)
    left, right = figure.subplots(1, 2)
    _set(left, face_N2, "by landmark")
    _contours(left, run, RULE)
    known = [i for i, value in enumerate(run.metrics["landmarks"]) if value is not None]
    values = [100 * run.metrics["landmarks"][i][0] for i in known]
    size = 26 if schema.size <= 40 else 18
    left.scatter(*face_N2[known].T, c=values, cmap=COLORS, norm=scale, s=size, edgecolors=INK, linewidths=0.3)
    _set(right, face_N2, "by edge")
    for edge in schema.edges:
        if edge.name not in run.metrics["edges"]:
            continue
        value = 100 * run.metrics["edges"][edge.name]["nme"][0]
        line_K2 = face_N2[list(edge.polyline)]
        right.add_collection(
            LineCollection([line_K2], array=np.array([value]), cmap=COLORS, norm=scale, linewidths=4)
        )
        look = {"fontsize": SMALL_SIZE - 1.5, "color": INK, "family": FONT, "path_effects": _HALO}
        at = _freest(edge.indices, face_N2)
        right.annotate(f"{value:.1f}", face_N2[at], ha="center", va="center", **look)
    _bar(figure, (left, right), scale, "mean error, % of the reference distance")
    return figure


def ellipse_map(run: ReportRun, ellipses: Ellipses) -> Figure:
    """Draw each landmark's error ellipse about its mean position, in true proportion, colored by λ.

    Raises:
        UserError: The schema has no edge.
    """
    if not run.schema.edges:
        raise UserError(f"schema {run.schema.name} has no edge to hold the ellipses against")
    face_N2 = run.upright.mean_face
    centers_N2, reach_N1 = face_N2 + ellipses.centers, SIGMAS * ellipses.radii[:, :1]
    outline = np.concatenate([face_N2, centers_N2 - reach_N1, centers_N2 + reach_N1])
    figure = new_figure(WIDTH, 0.86 * WIDTH * _height(outline) + 0.7)
    axes = figure.subplots()
    _set(axes, outline, f"{SIGMAS:g} σ about the mean")
    _contours(axes, run, MUTED)
    widths, heights = 2 * SIGMAS * ellipses.radii.T
    scale = Normalize(1, max(2.0, float(np.quantile(ellipses.anisotropy, 0.95))))
    axes.add_collection(
        EllipseCollection(
            widths,
            heights,
            np.degrees(ellipses.angles),
            units="xy",
            offsets=centers_N2,
            offset_transform=axes.transData,
            array=ellipses.anisotropy,
            cmap=COLORS,
            norm=scale,
            alpha=0.75,
            edgecolors=INK,
            linewidths=0.4,
        )
    )
    axes.scatter(face_N2[:, 0], face_N2[:, 1], s=3, color=INK, zorder=3)
    _bar(figure, axes, scale, "λ: long axis ÷ short axis", extend="max")
    return figure


def _freest(indices: Sequence[int], face_N2: NDArray[np.float64]) -> int:
    """The landmark of an edge that lies farthest from all that are not of it: a number there covers the least."""
    others = np.delete(face_N2, list(indices), axis=0)
    if not len(others):
        return indices[len(indices) // 2]
    apart_KM = np.linalg.norm(face_N2[list(indices)][:, None] - others, axis=-1)
    return indices[int(apart_KM.min(axis=1).argmax())]


def _height(face_N2: NDArray[np.float64]) -> float:
    """Return height ÷ width of the face with its margins."""
    width, height = np.ptp(face_N2, axis=0) + 2 * _MARGIN
    return float(height / width)


def _set(axes: Any, face_N2: NDArray[np.float64], title: str) -> None:
    (x0, y0), (x1, y1) = face_N2.min(axis=0) - _MARGIN, face_N2.max(axis=0) + _MARGIN
    axes.set(xlim=(x0, x1), ylim=(y1, y0), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title, loc="left", fontsize=TEXT_SIZE, color=INK, family=FONT)


def _contours(axes: Any, run: ReportRun, color: str) -> None:
    for edge in run.schema.edges:
        axes.plot(*run.upright.mean_face[list(edge.polyline)].T, color=color, linewidth=1.0, zorder=0)


def _bar(figure: Figure, axes: Any | Sequence[Any], scale: Normalize, label: str, extend: str = "neither") -> None:
    bar = figure.colorbar(
        ScalarMappable(scale, COLORS), ax=axes, location="bottom", shrink=0.7, aspect=34, pad=0.02, extend=extend
    )
    bar.set_label(label, fontsize=SMALL_SIZE, color=INK, family=FONT)
    bar.ax.tick_params(labelsize=SMALL_SIZE, colors=MUTED, labelfontfamily=FONT, length=0)
    bar.outline.set_visible(False)
