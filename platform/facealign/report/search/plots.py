"""Which plots there are of a search, in the order they are read."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from facealign.config import UserError, printable
from facealign.report.search.axes import (
    BEST,
    PAPERS,
    STATES,
    Mark,
    ParameterScale,
    far_apart,
    highlight,
    jitter,
    log_axis,
    main_parameters,
    scale_values,
    shown_value,
    varied_parameters,
    whole_numbers,
)
from facealign.report.search.best import best_row, expected_best, finished, pareto_front
from facealign.report.search.context import ParameterRange, SearchContext
from facealign.report.search.verdict import confirmation
from facealign.report.search.words import short_names, unit_of
from facealign.report.style import (
    FONT,
    INK,
    MUTED,
    PAPER,
    RULE,
    SERIES,
    SMALL_SIZE,
    TITLE_SIZE,
    WIDTH,
    legend_below,
    new_figure,
    style_axes,
)
from facealign.search.trial_row import TrialRow

# The best so far beside what a random search would have come to, by trials and by epochs spent.


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
    style_axes(left, "By trials", "trials ended", f"best {unit.label}")
    style_axes(right, "By epochs", "epochs trained", "")
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


# What each trial came to, and the best so far.


_LINE: dict[str, Any] = {"color": INK, "linewidth": 1.4, "drawstyle": "steps-post"}


def history(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Value by trial, a panel for each objective; trials without a value are marks on the lower edge.

    A pruned or running trial stands at the best of its epochs.

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
        used |= _history_panel(axes, begun, context, objective)
    keys = [mark.key() for mark in used.values()]
    if finished(begun):
        keys.append(Line2D([], [], label="best so far", **_LINE))
    legend_below(figure, keys)
    return figure


def _history_panel(
    axes: Any, begun: Sequence[TrialRow], context: SearchContext, objective: int
) -> dict[str, Mark]:
    unit = unit_of(context.objectives[objective])
    style_axes(axes, "Value by trial" if objective == 0 else "", "trial", unit.label)
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


# How much each parameter decided, as bars.


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
    style_axes(axes, f"Importance by {found.evaluator}", f"share in being among {best}", "")
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


# Parallel coordinates: each trial a line through its settings to its value.


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


# Several objectives at once: which trials no other beats in all.


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
        style_axes(axes, f"{units[0].name} and {units[other].name}", units[other].label, units[0].label)
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


# How every trial learned, and where the pruner ended some.


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
    style_axes(axes, "Validation NME by epoch", "epoch", unit.label)
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


# Value by each parameter alone.


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
        used |= _slice_panel(axes, here, path, context)
        style_axes(axes, "", names[path], unit.label if index % columns == 0 else "")
    legend_below(figure, (mark.key() for mark in used.values()))
    return figure


def _slice_panel(
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
    scale.style_axes(axes.xaxis)
    return used


@dataclass(frozen=True)
class Picture:
    """A kind of plot.

    Attributes:
        title: As a heading.
        reading: How to read it, in a sentence or two.
        draw: Makes it; raises UserError where the trials do not suffice.
    """

    title: str
    reading: str
    draw: Callable[[Sequence[TrialRow], SearchContext], Figure]


PLOTS: dict[str, Picture] = {
    "confirmation": Picture(
        "Confirmation",
        "The best settings trained again with seeds the search never saw. The search's own best is the luckiest "
        "of many; these means are the metrics to quote.",
        confirmation,
    ),
    "history": Picture(
        "Value by trial",
        "Each trial at its value, a pruned one at the best of its epochs; crashed trials lie on the lower edge.",
        history,
    ),
    "pareto": Picture(
        "Pareto front", "Trials on the front are beaten by no other in all objectives at once.", pareto
    ),
    "random": Picture(
        "Beside a random search",
        "The broken line is what so many random trials are expected to come to, computed from the random trials "
        "named; where it is dotted there are more draws than such trials, and a random search could lie lower.",
        against_random,
    ),
    "importance": Picture(
        "Importance",
        "What telling apart the best trials takes; it does not describe parameters that were never varied.",
        importance,
    ),
    "slices": Picture(
        "Value by each parameter",
        "One panel a parameter. Marks that lie lower on one side show where the good values are; hollow ones were "
        "stopped early, and would have come lower.",
        slices,
    ),
    "parallel": Picture(
        "Settings and value",
        "Each line is a finished trial, the darker the better. A gap: that trial does not have the parameter.",
        parallel,
    ),
    "rungs": Picture(
        "Learning curves",
        "Validation NME after each epoch. At a rung the pruner stops trials that lie behind.",
        rungs,
    ),
}
