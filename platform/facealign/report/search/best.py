"""The best trials: so far, at random, and of several objectives. Lower is better throughout."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facealign.search.trial_row import TrialRow


def finished(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The trials that were trained to their end and have finite values, by number."""
    done = (row for row in rows if row.state == "COMPLETE" and row.values and all(map(math.isfinite, row.values)))
    return sorted(done, key=lambda row: row.number)


def best_row(rows: Sequence[TrialRow], objective: int = 0) -> TrialRow | None:
    """The finished trial with the lowest value, the first of equals; None: no trial is finished."""
    return min(finished(rows), key=lambda row: row.values[objective], default=None)


def expected_best(values: NDArray[np.float64], draws: int) -> NDArray[np.float64]:
    """(draws,) the expected lowest of k independent draws from the empirical distribution of ``values``, k = 1….

    With v_1 ≤ … ≤ v_n: E = Σ_i v_i·(((n−i+1)/n)^k − ((n−i)/n)^k), exactly (Dodge et al. 2019, "Show Your Work:
    Improved Reporting of Experimental Results", section 3.1, for the lowest instead of the highest). No draw can
    fall below v_1, so with few values the curve is too high where k is near n or beyond it (Tang et al. 2020,
    "Showing Your Work Doesn't Always Work").

    Args:
        values: (n,) at least one, finite.
    """
    ordered = np.sort(values)
    above_or_at = np.arange(len(ordered), -1, -1) / len(ordered)  # (n−i+1)/n for i = 1…n, and 0 at the end
    none_below_kn = above_or_at ** np.arange(1, draws + 1)[:, None]
    return np.asarray((none_below_kn[:, :-1] - none_below_kn[:, 1:]) @ ordered)


def pareto_front(values_TO: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(T,) whether no other trial is at least as good in each objective and better in one.

    Args:
        values_TO: (T, O) of T trials and O objectives, finite.
    """
    on_front = np.ones(len(values_TO), dtype=np.bool_)
    for index, value_O in enumerate(values_TO):
        no_worse = (values_TO <= value_O).all(axis=1)
        on_front[index] = not (no_worse & (values_TO < value_O).any(axis=1)).any()
    return on_front


def leaders(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The best trial; with several objectives the Pareto front, by the first of them. Empty: none is finished."""
    done = finished(rows)
    if not done:
        return []
    if len(done[0].values) == 1:
        return [min(done, key=lambda row: row.values)]
    front = pareto_front(np.array([row.values for row in done]))
    return sorted((row for row, is_on in zip(done, front, strict=True) if is_on), key=lambda row: row.values)
