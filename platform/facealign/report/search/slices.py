"""Value by each parameter alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from facealign.config import UserError
from facealign.report.search.best import best_row
from facealign.report.search.context import SearchContext
from facealign.report.search.look import BEST, PAPERS, STATES, Mark
from facealign.report.search.names import short_names
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import ParameterScale, jitter, scale_values, varied_parameters
from facealign.report.search.values import shown_value
from facealign.report.style import dress, legend_below, new_figure
from facealign.search.row import TrialRow


def slices(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """A panel for each parameter that varied; a pruned trial stands at the best of its epochs, and is hollow.

    Raises:
        UserError: No trial was measured, or no parameter varied.
    """
    measured = [(row, value) for row in rows if (value := shown_value(row, context.objectives)) is not None]
    paths = varied_parameters([row for row, _ in measured], list(context.parameters))
    if not paths:
        raise UserError(
            f"slices need measured trials with different settings; {len(measured)} were measured, and no "
            "parameter varied among them"
        )
    names = short_names([*context.parameters, *paths])
    unit = unit_of(context.objectives[0])
    columns = min(len(paths), 3 if len(paths) <= 9 else 4)
    count = -(-len(paths) // columns)
    figure = new_figure(max(2.7 * columns, 4.2), 2.5 * count + 0.7)
    grid = figure.subplots(count, columns, sharey=True, squeeze=False)
    scale_values(grid[0, 0].yaxis, [unit.scale * value for _, value in measured])
    used: dict[str, Mark] = {}
    for index, axes in enumerate(grid.flat):
        if index >= len(paths):
            axes.set_visible(False)
            continue
        path = paths[index]
        here = [(row, unit.scale * value) for row, value in measured if path in row.params]
        used |= _panel(axes, here, path, context)
        dress(axes, "", names[path], unit.label if index % columns == 0 else "")
    legend_below(figure, (mark.key() for mark in used.values()))
    return figure


def _panel(
    axes: Any, here: Sequence[tuple[TrialRow, float]], path: str, context: SearchContext
) -> dict[str, Mark]:
    scale = ParameterScale(context.parameters.get(path), [row.params[path] for row, _ in here])
    aside = jitter([row.number for row, _ in here]) if scale.choices is not None else np.zeros(len(here))
    points = {
        row.number: (scale.position(row.params[path]) + float(offset), value)
        for (row, value), offset in zip(here, aside, strict=True)
    }
    used: dict[str, Mark] = {}
    for state, mark in STATES.items():
        of_state = [points[row.number] for row, _ in here if row.state == state]
        if of_state:
            axes.plot(*np.array(of_state).T, **mark.style(len(here)))
            used[state] = mark
    best = best_row([row for row, _ in here])
    overall = {"paper": (context.paper, PAPERS), "best": (best.number if best else None, BEST)}
    for name, (number, mark) in overall.items():
        if number in points:
            axes.plot(*points[number], **mark.style(), zorder=3)
            used[name] = mark
    scale.dress(axes.xaxis)
    return used
