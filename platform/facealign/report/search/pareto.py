"""Several objectives at once: which trials no other beats in all."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from facealign.config import UserError
from facealign.report.search.best import finished, pareto_front
from facealign.report.search.context import SearchContext
from facealign.report.search.look import PAPERS, Mark
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import scale_values
from facealign.report.style import INK, MUTED, SERIES, SMALL_SIZE, WIDTH, dress, legend_below, new_figure
from facealign.search.row import TrialRow

_FRONT = Mark("on the Pareto front", "o", SERIES[0], size=7.0)
_BEATEN = Mark("beaten by another", "o", MUTED, size=4.0, hollow=True)
_NUMBERED = 12


def pareto(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """The first objective against each other one; the front is that of all objectives together.

    Raises:
        UserError: There is one objective, or no trial is finished.
    """
    done = finished(rows)
    if len(context.objectives) < 2 or not done:
        raise UserError(
            f"a Pareto front needs two objectives and a finished trial; there are {len(context.objectives)} and "
            f"{len(done)}"
        )
    units = [unit_of(objective) for objective in context.objectives]
    values_TO = np.array([row.values for row in done]) * [unit.scale for unit in units]
    front = pareto_front(values_TO)
    panels = len(units) - 1
    figure = new_figure(WIDTH * panels, 4.2)
    for other, axes in enumerate(figure.subplots(1, panels, squeeze=False)[0], start=1):
        dress(axes, f"{units[0].name} and {units[other].name}", units[other].label, units[0].label)
        at_T2 = values_TO[:, [other, 0]]
        axes.plot(*at_T2[~front].T, **_BEATEN.style())
        stairs = at_T2[front][np.argsort(at_T2[front][:, 0])]
        if panels == 1:  # with more, the front is a surface
            axes.plot(*stairs.T, drawstyle="steps-post", color=SERIES[0], linewidth=1.2, zorder=1)
        axes.plot(*at_T2[front].T, **_FRONT.style(), zorder=2)
        if front.sum() <= _NUMBERED:
            for row, point in zip(np.array(done, dtype=object)[front], at_T2[front], strict=True):
                axes.annotate(
                    str(row.number),
                    point,
                    xytext=(5, 4),
                    textcoords="offset points",
                    fontsize=SMALL_SIZE,
                    color=INK,
                )
        for row, point in zip(done, at_T2, strict=True):
            if row.number == context.paper:
                axes.plot(*point, **{**PAPERS.style(), "markersize": 11}, zorder=3)
        scale_values(axes.xaxis, list(at_T2[:, 0]))
        scale_values(axes.yaxis, list(at_T2[:, 1]))
        axes.margins(0.1)
    has_paper = any(row.number == context.paper for row in done)
    legend_below(figure, [mark.key() for mark in (_FRONT, _BEATEN, *([PAPERS] if has_paper else []))])
    return figure
