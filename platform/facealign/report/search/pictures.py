"""Which pictures there are of a search, in the order they are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from facealign.report.search.against_random import against_random
from facealign.report.search.confirmation import confirmation
from facealign.report.search.context import SearchContext
from facealign.report.search.history import history
from facealign.report.search.importance import importance
from facealign.report.search.parallel import parallel
from facealign.report.search.pareto import pareto
from facealign.report.search.rungs import rungs
from facealign.report.search.slices import slices
from facealign.search.row import TrialRow


@dataclass(frozen=True)
class Picture:
    """One kind of picture.

    Attributes:
        title: As a heading.
        reading: How to read it, in a sentence or two.
        draw: Makes it; raises UserError where the trials do not suffice.
    """

    title: str
    reading: str
    draw: Callable[[Sequence[TrialRow], SearchContext], Figure]


PICTURES: dict[str, Picture] = {
    "confirmation": Picture(
        "Confirmation",
        "The best settings trained again with seeds the search never saw. The search's own best is the luckiest "
        "of many; these means are the figures to quote.",
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
        "What telling apart the best trials takes; it says nothing of parameters that were never varied.",
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
