"""The best settings trained again with fresh seeds, beside the paper's."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from facealign.config import UserError
from facealign.report.search.context import Confirmed, SearchContext
from facealign.report.search.objectives import unit_of
from facealign.report.style import FONT, INK, MUTED, PAPER, SERIES, SMALL_SIZE, WIDTH, dress, new_figure
from facealign.search.row import TrialRow

CONFIDENCE = 0.95


def mean_and_half_width(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and half the 95 % interval of the mean by Student's t; None where there is one value alone."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return mean, float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error


def setting_name(confirmed: Confirmed) -> str:
    """What a row is called."""
    trial = "" if confirmed.number is None else f"trial {confirmed.number}"
    return ", ".join(part for part in ("paper's setting" if confirmed.paper else "", trial) if part) or "a setting"


def confirmation(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Mean and 95 % interval for each setting, its seeds as dots; an upright line at the paper's mean.

    Raises:
        UserError: Nothing was trained again.
    """
    if not context.confirmed:
        raise UserError("no setting was trained again with fresh seeds (confirm in the search file)")
    unit = unit_of(context.objectives[0])
    figure = new_figure(WIDTH, 1.35 + 0.5 * len(context.confirmed))
    axes = figure.subplots()
    dress(axes, "Confirmed with fresh seeds", f"{unit.label} (bars: 95 % interval, dots: seeds)", "")
    for place, confirmed in enumerate(context.confirmed):
        seeds = unit.scale * np.array(confirmed.values)
        mean, half = mean_and_half_width([float(value) for value in seeds])
        colour = INK if confirmed.paper else SERIES[0]
        axes.plot(seeds, np.full(len(seeds), place + 0.2), "o", markersize=3.5, color=MUTED, markeredgewidth=0)
        axes.errorbar(
            mean,
            place,
            xerr=half,
            fmt="D" if confirmed.paper else "o",
            color=colour,
            markersize=7,
            markerfacecolor=PAPER if confirmed.paper else colour,
            capsize=4,
            linewidth=1.6,
        )
        spread = "" if half is None else f" ± {half:{unit.digits}}"
        axes.annotate(
            f"{mean:{unit.digits}}{spread}",
            (mean, place),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL_SIZE,
            color=INK,
            family=FONT,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5},
        )
        if confirmed.paper:
            axes.axvline(mean, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yticks(range(len(context.confirmed)), [setting_name(confirmed) for confirmed in context.confirmed])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(context.confirmed) - 0.4, -0.6)
    axes.margins(x=0.1)
    return figure
