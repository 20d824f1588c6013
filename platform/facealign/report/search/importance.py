"""How much each parameter decided, as bars."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from facealign.config import UserError
from facealign.report.search.context import SearchContext
from facealign.report.search.names import short_names
from facealign.report.style import FONT, INK, SERIES, SMALL_SIZE, WIDTH, dress, new_figure
from facealign.search.row import TrialRow

_MOST = 20


def importance(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """A bar for each of the twenty most important parameters, the rest as one.

    Raises:
        UserError: The importance is not known.
    """
    found = context.importance
    if found is None:
        raise UserError(
            "the importance needs four finished trials, not all alike, and a parameter that took several values"
        )
    names = short_names(found.shares)
    bars = [
        (names[path] + _presence(found.found_in[path], found.trials), share)
        for path, share in sorted(found.shares.items(), key=lambda item: -item[1])
    ]
    if len(bars) > _MOST:
        bars = [*bars[:_MOST], (f"{len(bars) - _MOST} others", sum(share for _, share in bars[_MOST:]))]
    figure = new_figure(WIDTH, 1.2 + 0.27 * len(bars))
    axes = figure.subplots()
    places = range(len(bars))
    axes.barh(places, [share for _, share in bars], color=SERIES[0], height=0.62)
    best = f"the best {100 * found.top:.0f} % of {found.trials} finished trials"
    dress(axes, f"Importance by {found.evaluator}", f"share in being among {best}", "")
    for place, (_, share) in zip(places, bars, strict=True):
        axes.annotate(
            f"{100 * share:.0f} %",
            (share, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
            family=FONT,
        )
    axes.set_yticks(places, [name for name, _ in bars])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.set(ylim=(len(bars) - 0.5, -0.5), xlim=(0, 1.12 * max(share for _, share in bars)))
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    return figure


def _presence(found_in: int, trials: int) -> str:
    return "" if found_in == trials else f" (in {found_in} of {trials})"
