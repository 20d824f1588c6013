"""The best so far beside what a random search would have come to, by trials and by epochs spent."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.report.search.best import expected_best, finished
from facealign.report.search.context import SearchContext
from facealign.report.search.objectives import unit_of
from facealign.report.search.scales import log_axis, scale_values, whole_numbers
from facealign.report.search.values import shown_value
from facealign.report.style import MUTED, SERIES, dress, legend_below, new_figure
from facealign.search.row import TrialRow

_LONG = 100  # trials, from which on their number is shown by its logarithm: all happens early
_ENDED = ("COMPLETE", "PRUNED", "FAIL")


def against_random(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Best so far as steps; the expected best of k random trials as a broken line (``best.expected_best``).

    A random trial that was pruned enters with the best of its epochs: so the line is a random search under the
    same pruner. It is dotted from where there are more draws than random trials: it cannot fall below the best of
    these, which a longer random search could. By epochs, a draw costs what the random trials did on average.

    Raises:
        UserError: There are several objectives, no trial is finished, or fewer than two random ones were measured.
    """
    if len(context.objectives) > 1:
        raise UserError("with several objectives there is no single best to compare with a random search's")
    random = context.random.rows if context.random else ()
    drawn = [(value, row.epochs) for row in random if (value := shown_value(row, context.objectives)) is not None]
    if len(drawn) < 2 or context.random is None or not finished(rows):
        raise UserError(
            f"the comparison with a random search needs a finished trial and two measured random ones; there are "
            f"{len(finished(rows))} and {len(drawn)}"
        )
    unit = unit_of(context.objectives[0])
    ended = sorted((row for row in rows if row.state in _ENDED), key=lambda row: row.number)
    best = np.minimum.accumulate([unit.scale * v for v in _values(ended)])
    trials = np.arange(1, len(ended) + 1)
    spent = np.cumsum([row.epochs for row in ended])
    values, epochs = np.array(drawn, dtype=np.float64).T
    each = max(float(epochs.mean()), 1.0)
    draws = np.arange(1, max(len(ended), math.ceil(spent[-1] / each)) + 1)
    chance = expected_best(unit.scale * values, len(draws))

    figure = new_figure(9.0, 4.1)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, at, draws_at in ((left, trials, draws), (right, spent, each * draws)):
        known = np.isfinite(best)
        axes.plot(
            at[known], best[known], color=SERIES[0], linewidth=1.8, drawstyle="steps-post", label="this search"
        )
        within = draws_at <= at[-1]
        _draw_chance(axes, draws_at[within], chance[within], len(drawn), context.random.source)
        if len(ended) > _LONG:
            log_axis(axes.xaxis, 1.0, float(at[-1]))
        else:
            whole_numbers(axes.xaxis)
    dress(left, "By trials", "trials ended", f"best {unit.label}")
    dress(right, "By epochs", "epochs trained", "")
    scale_values(left.yaxis, [*best[np.isfinite(best)], *chance])
    legend_below(figure, left.get_lines())
    return figure


def _draw_chance(axes: Any, at: NDArray[np.float64], chance: NDArray[np.float64], known: int, source: str) -> None:
    look: dict[str, Any] = {"color": MUTED, "linewidth": 1.6}
    axes.plot(
        at[:known], chance[:known], linestyle=(0, (5, 3)), label=f"expected best of k draws from {source}", **look
    )
    if len(at) > known:
        more = slice(known - 1, None)
        axes.plot(at[more], chance[more], linestyle=":", label=f"the same, past all {known} of them", **look)


def _values(ended: Sequence[TrialRow]) -> list[float]:
    known = {row.number: row.values[0] for row in finished(ended)}
    return [known.get(row.number, float("inf")) for row in ended]
