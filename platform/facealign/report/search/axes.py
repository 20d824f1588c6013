"""Axes for values and for parameters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from facealign.report.search.context import ParameterRange, SearchContext
from facealign.report.search.words import STATE_WORDS, choice_text, is_number
from facealign.report.style import INK, MUTED, PAPER, SERIES
from facealign.search.events import TrialState
from facealign.search.trial_row import TrialRow

_LONG = 14  # characters of a choice on an axis
_FEW = 6  # whole numbers that are all written


def scale_values(axis: Any, shown: Sequence[float]) -> None:
    """Let an axis (``axes.xaxis``, ``axes.yaxis``) hold ``shown``: by the logarithm where they are far apart.

    Trainings that diverged lie far above; on an even scale they would press all others into one line.
    """
    if far_apart(shown):
        log_axis(axis, min(shown), max(shown))
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))


def far_apart(values: Sequence[float]) -> bool:
    """Whether the greatest is more than five times the least, both above zero."""
    low, high = min(values, default=1.0), max(values, default=1.0)
    return low > 0 and high / low > 5


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers: trials, epochs."""
    axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))


class ParameterScale:
    """Maps a parameter's values to positions on an axis; choices lie at 0, 1, 2, ….

    Args:
        span: What the parameter may be; None: judged by the values.
        values: Those that trials had.
    """

    def __init__(self, span: ParameterRange | None, values: Sequence[Any]) -> None:
        numbers = [float(value) for value in values if is_number(value)]
        self.log = bool(span and span.log)
        self.whole = all(isinstance(value, int) for value in values)
        self.choices: list[str] | None = None
        if (span is not None and span.choices is not None) or len(numbers) < len(values):
            known = [*(span.choices or () if span else ()), *values]
            self.choices = list(dict.fromkeys(map(choice_text, known)))
            self.low, self.high = 0.0, float(len(self.choices) - 1)
        else:
            bounds = [bound for bound in (span.low, span.high) if bound is not None] if span else []
            self.low, self.high = min([*numbers, *bounds]), max([*numbers, *bounds])
        if span is None:
            self.log = self.choices is None and self.low > 0 and self.high / self.low > 100

    def position(self, value: Any) -> float:
        """Return a value's position on the axis: the number itself, or the index of the choice."""
        return float(value) if self.choices is None else float(self.choices.index(choice_text(value)))

    def share(self, value: Any) -> float:
        """0 at the low end, 1 at the high one; one half where there is but one value."""
        return self.share_at(self.position(value))

    def share_at(self, position: float) -> float:
        """Return the relative position (0…1) of a position on the axis."""
        low, high, at = self.low, self.high, position
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low) if high > low else 0.5

    def labels(self) -> list[tuple[float, str]]:
        """(share, text) of what to write beside an axis from 0 to 1."""
        if self.choices is not None:
            return [(self.share_at(float(index)), _cut(choice)) for index, choice in enumerate(self.choices)]
        if self.whole and self.high - self.low <= _FEW:
            return [(self.share_at(number), f"{number:g}") for number in np.arange(self.low, self.high + 1)]
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        shown = dict.fromkeys((self.low, *(() if self.whole else (middle,)), self.high))
        return [(self.share_at(number), f"{number:.3g}") for number in shown]

    def style_axes(self, axis: Any) -> None:
        """Give an axis its scale, limits and ticks."""
        set_limits = axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim
        if self.choices is not None:
            axis.set_ticks(range(len(self.choices)), [_cut(choice) for choice in self.choices])
            set_limits(-0.5, len(self.choices) - 0.5)
        elif self.log:
            room = (self.high / self.low) ** 0.05 if self.high > self.low else 1.1
            log_axis(axis, self.low, self.high)
            set_limits(self.low / room, self.high * room)
        else:
            room = 0.05 * (self.high - self.low) or 0.1 * abs(self.high) or 1.0
            set_limits(self.low - room, self.high + room)
            axis.set_major_locator(MaxNLocator(4, integer=self.whole))


def jitter(numbers: Sequence[int]) -> NDArray[np.float64]:
    """Small offsets, the same for a trial at any time, that set trials with the same choice side by side."""
    golden = (np.array(numbers, dtype=np.float64) * (math.sqrt(5) - 1) / 2) % 1
    return np.asarray(0.5 * (golden - 0.5))


def varied_parameters(rows: Sequence[TrialRow], known: Sequence[str]) -> list[str]:
    """Paths of the parameters that took more than one value, those in ``known`` first and in its order."""
    seen: dict[str, set[str]] = {path: set() for path in known}
    for row in rows:
        for path, value in row.params.items():
            seen.setdefault(path, set()).add(choice_text(value))
    return [path for path, values in seen.items() if len(values) > 1]


def main_parameters(rows: Sequence[TrialRow], context: SearchContext, most: int) -> list[str]:
    """Select at most ``most`` of the varied parameters: the most important, or the first where unknown."""
    paths = varied_parameters(rows, list(context.parameters))
    if len(paths) <= most:
        return paths
    shares = context.importance.shares if context.importance else {}
    chosen = sorted(paths, key=lambda path: -shares.get(path, 0.0))[:most]  # stable: else in their own order
    return [path for path in paths if path in chosen]


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def log_axis(axis: Any, low: float, high: float) -> None:
    """The logarithm, with few ticks and in plain figures."""
    set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
    set_scale("log")
    decades = math.log10(high / low) if high > low else 0.0
    subs = (1.0,) if decades > 3 else (1.0, 3.0) if decades > 1.5 else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


# How trials look in every plot: a state by its marker, the best and the paper's by theirs.
#
# Forms differ as well as colors, since a plot may be printed in black and white.


@dataclass(frozen=True)
class Mark:
    """One kind of mark.

    Attributes:
        word: In legends and tables.
        hollow: Whether only its outline is drawn.
    """

    word: str
    marker: str
    color: str
    size: float = 5.0
    hollow: bool = False

    def style(self, trials: int = 1) -> dict[str, Any]:
        """Return the arguments of ``Axes.plot``: marks without a line, smaller for hundreds of ``trials``."""
        line_mark = self.marker == "x"
        return {
            "linestyle": "none",
            "marker": self.marker,
            "markersize": self.size * min(1.0, max(0.4, (150 / max(trials, 1)) ** 0.5)),
            "color": self.color,
            "markerfacecolor": "none" if self.hollow else self.color,
            "markeredgecolor": self.color if self.hollow or line_mark else PAPER,
            "markeredgewidth": 1.2 if self.hollow or line_mark else 0.5,
        }

    def key(self) -> Line2D:
        """The mark in a legend."""
        return Line2D([], [], label=self.word, **self.style())


STATES: dict[TrialState, Mark] = {
    "COMPLETE": Mark(STATE_WORDS["COMPLETE"], "o", SERIES[0]),
    "PRUNED": Mark(STATE_WORDS["PRUNED"], "v", SERIES[4], hollow=True),
    "FAIL": Mark(STATE_WORDS["FAIL"], "x", SERIES[1]),
    "RUNNING": Mark(STATE_WORDS["RUNNING"], "s", MUTED, hollow=True),
    "WAITING": Mark(STATE_WORDS["WAITING"], "|", MUTED),
}
BEST = Mark("best", "*", SERIES[1], size=13.0)
PAPERS = Mark("paper's setting", "D", INK, size=7.0, hollow=True)


_HIGHLIGHTS: dict[str, dict[str, Any]] = {
    "paper's setting": {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 1.9},
    "best": {"color": SERIES[1], "linewidth": 2.5},
}


def highlight(
    axes: Any, curves: Mapping[int, NDArray[np.float64]], paper: int | None, best: TrialRow | None, **look: Any
) -> list[Line2D]:
    """Draw the paper's curve and the best one over the others; returns the legend's entries for those there are.

    Args:
        curves: (P, 2) points of a line, by the trial's number.
    """
    keys = []
    for number, (label, line) in zip((paper, best.number if best else None), _HIGHLIGHTS.items(), strict=True):
        if number is not None and number in curves:
            axes.plot(*curves[number].T, zorder=4, **line, **look)
            keys.append(Line2D([], [], label=label, **line))
    return keys


# The value that a trial is shown at.


def shown_value(row: TrialRow, objectives: Sequence[str], objective: int = 0) -> float | None:
    """A finished trial's value; of another the lowest NME of its epochs, if that is what the objective speaks of.

    None: it has nothing to show.
    """
    if row.state == "COMPLETE":
        candidates = row.values[objective : objective + 1]
    else:
        candidates = tuple(row.rungs.values()) if objectives[objective] == "nme" and row.state != "FAIL" else ()
    return min((value for value in candidates if math.isfinite(value)), default=None)
