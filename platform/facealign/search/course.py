"""The course that a search may be expected to take: how many trials come how far, and what that costs in epochs.

It is played through many times, trial after trial, with the pruners' own rules on made-up trials of which the
better one is better at every epoch. Real curves cross, which changes who goes on and hardly how many.
"""

import bisect
import random
import statistics
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from facealign.search.pruners import ASHASettings, HyperbandSettings, MedianSettings

_GAMES, _TRIALS = 500, 100_000
"""Searches that are played through; of those with many trials fewer, of so many trials in all."""

Judge = Callable[[float], int]
"""What the next trial is worth (less is better) → the epoch it is stopped after, or the last."""


class Rung(NamedTuple):
    """A place where trials end.

    Attributes:
        epoch: After which.
        trials: That come here, expected.
        epochs: Trained since the rung before, by all of them together.
    """

    epoch: int
    trials: float
    epochs: float


class Course(NamedTuple):
    """Expected over all orders in which good and bad trials may come.

    Attributes:
        rungs: Where trials are judged, and last where they end.
        epochs: Of each trial in turn.
    """

    rungs: tuple[Rung, ...]
    epochs: tuple[float, ...]


def expected_course(pruner: Any, trials: int, epochs: int, every: int = 1) -> Course:
    """The mean course of a search.

    Args:
        pruner: One of ``PrunerSettings``.
        trials: How many.
        epochs: Of one that is not stopped.
        every: Epochs between two measurements; a rung between them is judged at the next.
    """
    count = max(min(_GAMES, _TRIALS // trials), 10)
    games = [list(_game(pruner, trials, epochs, every, random.Random(number))) for number in range(count)]
    rungs, before = [], 0
    for place in (*sorted(set(_judged(pruner, epochs, every))), epochs):
        there = sum(end >= place for game in games for end in game) / count
        rungs.append(Rung(place, there, there * (place - before)))
        before = place
    return Course(tuple(rungs), tuple(statistics.fmean(column) for column in zip(*games, strict=True)))


def _game(pruner: Any, trials: int, epochs: int, every: int, source: random.Random) -> Iterator[int]:
    """The last epoch of each trial of one search."""
    rungs = _judged(pruner, epochs, every)
    judges, weights = [_never(epochs)], [1]
    if isinstance(pruner, ASHASettings):
        judges = [_halving(rungs, pruner.factor, epochs)]
    elif isinstance(pruner, HyperbandSettings):
        weights = list(pruner.brackets(epochs))
        judges = [_halving(rungs[bracket:], pruner.factor, epochs) for bracket in range(len(weights))]
    elif isinstance(pruner, MedianSettings):
        judges = [_median(rungs, pruner.startup, epochs)]
    for _ in range(trials):
        yield source.choices(judges, weights)[0](source.random())


def _judged(pruner: Any, epochs: int, every: int) -> list[int]:
    """The pruner's rungs, each moved to the next epoch that is measured; the last epoch is none."""
    return [place for rung in pruner.rungs(epochs) if (place := -(-rung // every) * every) < epochs]


def _never(epochs: int) -> Judge:
    return lambda _worth: epochs


def _halving(rungs: list[int], factor: int, epochs: int) -> Judge:
    """Successive halving: the best 1/factor of those that have come to a rung go on, and always the best one."""
    there: list[list[float]] = [[] for _ in rungs]

    def judge(worth: float) -> int:
        for rung, others in zip(rungs, there, strict=True):
            bisect.insort(others, worth)
            if worth > others[max(len(others) // factor, 1) - 1]:
                return rung
        return epochs

    return judge


def _median(rungs: list[int], startup: int, epochs: int) -> Judge:
    """Who is worse than the median of the finished ones is so at the first rung already."""
    finished: list[float] = []

    def judge(worth: float) -> int:
        if rungs and len(finished) >= startup and worth > statistics.median(finished):
            return rungs[0]
        finished.append(worth)
        return epochs

    return judge
