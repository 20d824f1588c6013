"""Parallel coordinates: each trial a line through its settings to its value."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from facealign.config import UserError, printable
from facealign.report.search.best import best_row, finished
from facealign.report.search.context import ParameterRange, SearchContext
from facealign.report.search.look import highlight
from facealign.report.search.names import short_names
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import ParameterScale, far_apart, main_parameters
from facealign.report.style import (
    FONT,
    INK,
    MUTED,
    PAPER,
    RULE,
    SMALL_SIZE,
    TITLE_SIZE,
    WIDTH,
    legend_below,
    new_figure,
)
from facealign.search.row import TrialRow

_MOST_AXES = 10


def parallel(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Finished trials, the darker the better; where a parameter does not exist for a trial its line has a gap.

    Of more than ten parameters the most important are drawn, or the first where importance is not known. The value
    is that of the first objective.

    Raises:
        UserError: No trial is finished, or no parameter varied.
    """
    done = finished(rows)
    paths = main_parameters(done, context, _MOST_AXES)
    if not done or not paths:
        raise UserError(
            f"parallel coordinates need finished trials with different settings; {len(done)} are finished, and "
            f"{len(paths)} parameters varied among them"
        )
    unit = unit_of(context.objectives[0])
    scales = {
        path: ParameterScale(
            context.parameters.get(path), [row.params[path] for row in done if path in row.params]
        )
        for path in paths
    }
    values = {row.number: unit.scale * row.values[0] for row in done}
    value_scale = _value_scale(list(values.values()))
    lines = {row.number: _line(row, scales, value_scale.share(values[row.number])) for row in done}

    figure = new_figure(max(WIDTH, 1.15 * (len(paths) + 1)), 4.6)
    axes = figure.subplots()
    axes.set(xlim=(-0.45, len(paths) + 0.45), ylim=(-0.05, 1.14))
    axes.set_axis_off()
    axes.set_title("Settings and value", loc="left", fontsize=TITLE_SIZE, color=INK, family=FONT, pad=10)
    _draw_trials(axes, [lines[row.number] for row in sorted(done, key=lambda row: -row.values[0])])
    keys = highlight(axes, lines, context.paper, best_row(done), marker="o", markersize=4)
    names = short_names([*context.parameters, *paths])
    for place, path in enumerate(paths):
        _draw_axis(axes, place, printable(names[path], most=26), scales[path])
    _draw_axis(axes, len(paths), unit.label, value_scale)
    legend_below(figure, keys)
    return figure


def _value_scale(values: Sequence[float]) -> ParameterScale:
    return ParameterScale(ParameterRange(low=min(values), high=max(values), log=far_apart(values)), values)


def _line(row: TrialRow, scales: Mapping[str, ParameterScale], value: float) -> NDArray[np.float64]:
    """(A, 2) place and height on each axis, not-a-number where the parameter is absent."""
    heights = [scale.share(row.params[path]) if path in row.params else np.nan for path, scale in scales.items()]
    return np.column_stack([np.arange(len(heights) + 1.0), [*heights, value]])


def _draw_trials(axes: Any, worst_first: Sequence[NDArray[np.float64]]) -> None:
    count = len(worst_first)
    shade = (
        np.linspace(0.92, 0.0, count) if count > 1 else np.zeros(1)
    )  # by rank: outliers leave shades to the rest
    look = {"linewidths": 1.0 if count <= 200 else 0.5, "alpha": 0.75, "zorder": 1}
    axes.add_collection(LineCollection(worst_first, colors=colormaps["viridis"](shade), **look))
    axes.plot(*np.concatenate(worst_first).T, linestyle="none", marker=".", markersize=2.5, color=MUTED, zorder=2)


def _draw_axis(axes: Any, place: int, name: str, scale: ParameterScale) -> None:
    axes.plot([place, place], [0, 1], color=RULE, linewidth=1.2, zorder=0)
    text: dict[str, Any] = {"family": FONT, "color": INK, "va": "center"}
    axes.text(place, 1.1 if place % 2 else 1.06, name, ha="center", fontsize=SMALL_SIZE, **text)
    for share, label in scale.labels():
        box = {"facecolor": PAPER, "alpha": 0.8, "edgecolor": "none", "pad": 0.6}
        axes.text(place + 0.05, share, label, ha="left", bbox=box, zorder=5, fontsize=SMALL_SIZE - 1, **text)
