"""The best trials trained again from fresh seeds, beside the paper's setting.

A search's winner is also its luckiest trial.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from scipy import stats

from facealign.search.file import Confirm
from facealign.search.plan import FixedPlan, TrialPlan
from facealign.search.space import Assignments
from facealign.search.trial_row import TrialRow, best

PAPER = 0
"""Number of the trial that has the paper's setting, where the search file names one."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Confirmed:
    """A trial's setting, trained again.

    Attributes:
        number: Of the trial.
        is_paper: Whether it has the paper's setting.
        params: As in ``TrialRow``.
        seeds: Of the trainings that came to their end.
        values: Their validation NME.
    """

    number: int
    is_paper: bool
    params: Assignments
    seeds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return fmean(self.values)

    @property
    def half_width(self) -> float | None:
        """Half the width of the mean's 95 % confidence interval, by Student's t; None for a single value."""
        count = len(self.values)
        if count < 2:
            return None
        return float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * stdev(self.values) / math.sqrt(count)


def to_confirm(trials: Sequence[TrialRow], confirm: Confirm, has_paper: bool) -> list[TrialRow]:
    """The best trials, and the paper's setting if it is not among them, whatever became of that trial."""
    chosen = best(trials)[: confirm.top]
    paper = trials[PAPER] if has_paper and trials else None
    if chosen and paper is not None and paper.params and paper not in chosen:
        chosen.append(paper)
    return chosen


def confirmation(
    plan: TrialPlan, base: dict[str, Any], chosen: Sequence[TrialRow], seeds: Sequence[int]
) -> FixedPlan:
    """Plan the confirmations: the chosen settings, trained again with fresh seeds.

    Args:
        plan: Of the search.
        base: What its trials depend on besides.
        chosen: Of ``to_confirm``.
        seeds: That no trial of the search has had.
    """
    return FixedPlan(
        title=f"{plan.name}-confirm",
        rows=tuple(row.params for row in chosen),
        seeds=tuple(seeds),
        fixed=plan.fixed,
        base=base,
    )


def confirmed(
    plan: FixedPlan, chosen: Sequence[TrialRow], trained: Sequence[TrialRow], has_paper: bool
) -> list[Confirmed]:
    """Summarize the confirmations, the lowest mean first; a setting without a finished training is left out.

    Args:
        plan: Of ``confirmation``.
        chosen: Of ``to_confirm``.
        trained: Of each place of the plan's queue.
        has_paper: Whether the search began with the paper's setting.
    """
    found = []
    for index, row in enumerate(chosen):
        done = [
            (seed, trained[place].values[0])
            for seed, place in zip(plan.seeds, plan.places(index), strict=True)
            if trained[place].state == "COMPLETE"
        ]
        if done:
            seeds, values = zip(*done, strict=True)
            found.append(Confirmed(row.number, has_paper and row.number == PAPER, row.params, seeds, values))
    return sorted(found, key=lambda one: one.mean)
