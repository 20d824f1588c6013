"""Axes for values and for parameters."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from facealign.report.search.context import ParameterRange, SearchContext
from facealign.report.search.words import choice_text, is_number
from facealign.search.row import TrialRow

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
    """Where a parameter's values lie on an axis; choices lie at 0, 1, 2, ….

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
        """On the axis, in its units: the number itself, or the place of the choice."""
        return float(value) if self.choices is None else float(self.choices.index(choice_text(value)))

    def share(self, value: Any) -> float:
        """0 at the low end, 1 at the high one; one half where there is but one value."""
        return self.share_at(self.position(value))

    def share_at(self, position: float) -> float:
        """As ``share``, of a place on the axis."""
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

    def dress(self, axis: Any) -> None:
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
    """At most so many of the parameters that varied: the most important, or the first where that is not known."""
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
