"""How every trial learnt, and where the pruner ended some."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from facealign.config import UserError
from facealign.report.search.best import best_row
from facealign.report.search.context import SearchContext
from facealign.report.search.look import STATES, highlight
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import scale_values, whole_numbers
from facealign.report.style import MUTED, SERIES, SMALL_SIZE, WIDTH, dress, legend_below, new_figure
from facealign.search.row import TrialRow

_SHADES = {"COMPLETE": SERIES[0], "PRUNED": SERIES[4], "FAIL": SERIES[1], "RUNNING": MUTED, "WAITING": MUTED}


def rungs(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Validation NME by epoch; each curve ends with the mark of its state, and rungs are upright lines.

    Raises:
        UserError: No epoch of any trial was measured.
    """
    curves = {row.number: np.array(sorted(row.rungs.items()), dtype=np.float64) for row in rows if row.rungs}
    if not curves:
        raise UserError("curves by epoch need a measured epoch; no trial has one")
    unit = unit_of("nme")
    curves = {number: curve * [1.0, unit.scale] for number, curve in curves.items()}
    figure = new_figure(WIDTH, 4.2)
    axes = figure.subplots()
    dress(axes, "Validation NME by epoch", "epoch", unit.label)
    keys = []
    for state, mark in STATES.items():
        of_state = [curves[row.number] for row in rows if row.state == state and row.number in curves]
        if not of_state:
            continue
        look = {"linewidths": 1.0, "alpha": 0.7} if len(of_state) <= 100 else {"linewidths": 0.4, "alpha": 0.4}
        axes.add_collection(LineCollection(of_state, colors=_SHADES[state], zorder=1, **look))
        axes.plot(*np.array([curve[-1] for curve in of_state]).T, **mark.style(len(of_state)), zorder=2)
        keys.append(mark.key())
    keys += highlight(axes, curves, context.paper, best_row(rows))
    longest = max(*(int(curve[-1, 0]) for curve in curves.values()), context.epochs or 0)
    _draw_rungs(axes, [rung for rung in context.rungs if rung < longest])
    scale_values(axes.yaxis, [float(nme) for curve in curves.values() for nme in curve[:, 1] if np.isfinite(nme)])
    whole_numbers(axes.xaxis)
    axes.margins(x=0.03, y=0.1)
    axes.autoscale_view()
    legend_below(figure, keys)
    return figure


def _draw_rungs(axes: Any, at: Sequence[int]) -> None:
    for rung in at:
        axes.axvline(rung, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            f"rung {rung}",
            (rung, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -4),
            textcoords="offset points",
            va="top",
            fontsize=SMALL_SIZE - 1,
            color=MUTED,
        )
