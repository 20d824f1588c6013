"""What each trial came to, and the best so far."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from facealign.config import UserError
from facealign.report.search.best import best_row, finished
from facealign.report.search.context import SearchContext
from facealign.report.search.look import BEST, PAPERS, STATES, Mark
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import scale_values, whole_numbers
from facealign.report.search.values import shown_value
from facealign.report.style import INK, WIDTH, dress, legend_below, new_figure
from facealign.search.row import TrialRow

_LINE: dict[str, Any] = {"color": INK, "linewidth": 1.4, "drawstyle": "steps-post"}


def history(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Value by trial, a panel for each objective; trials without a value are marks on the lower edge.

    A pruned trial, or one under way, stands at the best of its epochs.

    Raises:
        UserError: No trial has begun.
    """
    begun = sorted((row for row in rows if row.state != "WAITING"), key=lambda row: row.number)
    if not begun:
        raise UserError("a history needs a trial that has begun; there is none")
    panels = len(context.objectives)
    figure = new_figure(WIDTH, 2.9 * panels + 0.9)
    all_axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
    used: dict[str, Mark] = {}
    for objective, axes in enumerate(all_axes):
        used |= _panel(axes, begun, context, objective)
    keys = [mark.key() for mark in used.values()]
    if finished(begun):
        keys.append(Line2D([], [], label="best so far", **_LINE))
    legend_below(figure, keys)
    return figure


def _panel(axes: Any, begun: Sequence[TrialRow], context: SearchContext, objective: int) -> dict[str, Mark]:
    unit = unit_of(context.objectives[objective])
    dress(axes, "Value by trial" if objective == 0 else "", "trial", unit.label)
    used: dict[str, Mark] = {}
    points = [(row, shown_value(row, context.objectives, objective)) for row in begun]
    for state, mark in STATES.items():
        here = [
            (row.number, unit.scale * value) for row, value in points if row.state == state and value is not None
        ]
        bare = [row.number for row, value in points if row.state == state and value is None]
        if here:
            axes.plot(*np.array(here).T, **mark.style(len(begun)), zorder=2)
        if bare:
            axes.plot(
                bare, np.full(len(bare), 0.02), transform=axes.get_xaxis_transform(), **mark.style(len(begun))
            )
        if here or bare:
            used[state] = mark
    done = finished(begun)
    if done:
        lowest = np.minimum.accumulate([unit.scale * row.values[objective] for row in done])
        last = begun[-1].number
        axes.plot([*(row.number for row in done), last], [*lowest, lowest[-1]], **_LINE, zorder=1)
    for name, row, mark in (
        ("paper", next((row for row in done if row.number == context.paper), None), PAPERS),
        ("best", best_row(done, objective), BEST),
    ):
        if row is not None:
            axes.plot(row.number, unit.scale * row.values[objective], **mark.style(), zorder=3)
            used[name] = mark
    shown = [unit.scale * value for _, value in points if value is not None]
    if shown:
        scale_values(axes.yaxis, shown)
    else:
        axes.set_yticks([])
    whole_numbers(axes.xaxis)
    axes.margins(x=0.03, y=0.12)
    return used
