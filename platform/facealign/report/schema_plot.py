"""Plot of a landmark schema: numbered landmarks, named contours, mirror partners, normalizers."""

from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.report.style import FONT, INK, MUTED, RULE, SERIES, SMALL_SIZE, TITLE_SIZE, new_figure

_SIDE = 6.2  # inches, of one panel
_CORNER, _REFERENCE = SERIES[1], SERIES[2]


def schema_plot(schema: LandmarkSchema, layout_N2: NDArray[np.float64]) -> Figure:
    """Two panels: what each landmark is, and how landmarks belong together.

    Args:
        schema: The schema.
        layout_N2: (N, 2) where the landmarks of a typical face are, any unit, y downwards.

    Raises:
        UserError: There is not a finite position for each landmark.
    """
    if layout_N2.shape != (schema.size, 2) or not np.isfinite(layout_N2).all():
        raise UserError(f"a plot of {schema.name} needs a position for each of its {schema.size} landmarks")
    low, high = layout_N2.min(axis=0), layout_N2.max(axis=0)
    at_N2 = (layout_N2 - low) / max(float((high - low).max()), 1e-9)
    width, height = at_N2.max(axis=0)
    rows = -(-len(schema.edges) // 4)
    figure = new_figure(2 * _SIDE, max(_SIDE * (height + 0.12) / (width + 0.12), 3.0) + 0.7 + 0.25 * rows)
    left, right = figure.subplots(1, 2)
    for axes, title in ((left, f"{schema.name}: {schema.size} landmarks, {len(schema.edges)} edges"), (right, "")):
        axes.set(xlim=(-0.06, width + 0.06), ylim=(height + 0.06, -0.06), aspect="equal")
        axes.set_axis_off()
        axes.set_title(title, loc="left", fontsize=TITLE_SIZE, color=INK, family=FONT)
    _draw_contours(left, schema, at_N2)
    _draw_partners(right, schema, at_N2)
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL_SIZE, "labelcolor": INK, "loc": "upper center"}
    for axes in (left, right):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(bbox_to_anchor=(0.5, 0.0), ncols=4, handlelength=1.4, columnspacing=1.2, **look)
    return figure


def save_schema_plot(path: Path, schema: LandmarkSchema, layout_N2: NDArray[np.float64]) -> None:
    """Write the plot as a PNG file without empty borders; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema_plot(schema, layout_N2).savefig(path, format="png", bbox_inches="tight", pad_inches=0.15)


def _draw_contours(axes: Any, schema: LandmarkSchema, at_N2: NDArray[np.float64]) -> None:
    for edge, color in zip(schema.edges, cycle(SERIES), strict=False):
        axes.plot(*at_N2[list(edge.polyline)].T, color=color, linewidth=1.6, label=edge.name, zorder=1)
    axes.scatter(*at_N2.T, s=9, color=INK, zorder=2)
    size = 8.5 if schema.size <= 40 else 6.5
    for index, point in enumerate(at_N2):
        away = _outward(index, schema, at_N2)
        axes.annotate(
            str(index),
            point,
            xytext=away * size * [1.2, 0.95],  # numbers are wider than high
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            color=INK,
            family=FONT,
            zorder=3,
        )


def _outward(index: int, schema: LandmarkSchema, at_N2: NDArray[np.float64]) -> NDArray[np.float64]:
    """The direction at right angles to the landmark's own contour and out of it: numbers leave lines free."""
    edge = next((edge for edge in schema.edges if index in edge.indices), None)
    if edge is None:
        return np.array([0.0, -1.0])
    line_K2 = at_N2[list(edge.indices)]
    place, last = edge.indices.index(index), len(line_K2) - 1
    if edge.closed:
        x, y = line_K2[(place + 1) % (last + 1)] - line_K2[place - 1]
        turn = np.sign(_area(line_K2)) or 1.0
        normal = turn * np.array([y, -x])
    else:
        x, y = line_K2[min(place + 1, last)] - line_K2[max(place - 1, 0)]
        normal = np.array([y, -x])
        bulge = float(normal @ (line_K2[place] - line_K2.mean(axis=0)))
        # A straight contour has no outside; the right does as well.
        out = bulge if abs(bulge) > 1e-3 * float(normal @ normal) else normal[0]
        normal = -normal if out < 0 else normal
    length = float(np.hypot(*normal))
    return normal / length * [1, -1] if length else np.array([0.0, 1.0])  # the text's offset counts upwards


def _area(line_K2: NDArray[np.float64]) -> float:
    """Twice the signed area of a polygon."""
    following_K2 = np.roll(line_K2, -1, axis=0)
    return float((line_K2[:, 0] * following_K2[:, 1] - line_K2[:, 1] * following_K2[:, 0]).sum())


def _draw_partners(axes: Any, schema: LandmarkSchema, at_N2: NDArray[np.float64]) -> None:
    for edge in schema.edges:
        axes.plot(*at_N2[list(edge.polyline)].T, color=RULE, linewidth=1.2, zorder=0)
    pairs = [(i, j) for i, j in enumerate(schema.flip) if i < j]
    own = [i for i, j in enumerate(schema.flip) if i == j]
    for number, (i, j) in enumerate(pairs):
        label = "mirror partners (flip)" if number == 0 else None
        axes.plot(*at_N2[[i, j]].T, color=SERIES[4], linewidth=0.7, label=label, zorder=1)
    axes.scatter(*at_N2.T, s=9, color=MUTED, zorder=2)
    if own:
        axes.scatter(*at_N2[own].T, s=26, facecolors="white", edgecolors=INK, label="its own partner", zorder=3)
    if schema.corners:
        corners = at_N2[list(schema.corners)]
        axes.scatter(*corners.T, s=34, marker="s", facecolors="none", edgecolors=_CORNER, label="corner", zorder=4)
    for name, style in (("inter_ocular", "-"), ("inter_pupil", (0, (2, 2))), ("torso", "-")):
        pair = getattr(schema.normalizers, name)
        if pair is not None:
            ends = np.array([at_N2[list(group)].mean(axis=0) for group in pair])
            axes.plot(*ends.T, color=_REFERENCE, linewidth=2.2, linestyle=style, label=name, zorder=5)
