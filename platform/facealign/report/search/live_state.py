"""What a display of a running search knows: the sum of the events it has heard."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facealign.report.eta import Eta
from facealign.report.search.names import short_names
from facealign.report.search.objectives import Unit, unit_of
from facealign.report.search.words import number_text
from facealign.search.events import SearchBegins, TrialEnded, TrialEpoch, TrialStarted
from facealign.search.row import TrialState

ENDED: tuple[TrialState, ...] = ("COMPLETE", "PRUNED", "FAIL")


@dataclass
class TrialUnderWay:
    """A trial that is running, or was.

    Attributes:
        settings: Short name and value of each parameter, in words.
        begun: On the display's clock.
        curve: Validation NME by epoch, a fraction.
        ended: How; None: it is running.
    """

    number: int
    epochs: int
    settings: str
    begun: float
    epoch: int
    curve: dict[int, float] = field(default_factory=dict)
    ended: TrialEnded | None = None


class SearchState:
    """Takes events, answers questions.

    Args:
        clock: Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.trials: dict[int, TrialUnderWay] = {}
        self.counts: Counter[TrialState] = Counter()
        self.best: tuple[int, float] | None = None
        self.name = ""
        self.rungs: tuple[int, ...] = ()
        self.total: int | None = None
        self._objective = "nme"
        self._until: float | None = None
        self._eta = Eta(clock)

    @property
    def unit(self) -> Unit:
        """Of the first objective."""
        return unit_of(self._objective)

    @property
    def finished(self) -> int:
        """Trials of the budget that ended, in this process or before it; failed ones are none of it."""
        return self.counts["COMPLETE"] + self.counts["PRUNED"]

    @property
    def budget_left(self) -> float | None:
        """Seconds until the budget's hours are spent; None: no bound."""
        return None if self._until is None else max(self._until - self.clock(), 0.0)

    @property
    def seconds_left(self) -> float | None:
        """Until the last trial by the pace so far, or the end of the hours, what comes first; None: not known."""
        by_trials = None if self.total is None else self._eta.left(self.total)
        return min((left for left in (by_trials, self.budget_left) if left is not None), default=None)

    def search(self, event: SearchBegins) -> None:
        """Remember the sizes."""
        self.name, self.rungs, self.total = event["name"], tuple(event["rungs"]), event["trials"]
        self._objective = event["objectives"][0]
        self.counts = Counter(event["ended"])
        self.best = event["best"]
        left = event["seconds_left"]
        self._until = None if left is None else self.clock() + left
        self._eta.at(self.finished)

    def started(self, event: TrialStarted) -> TrialUnderWay:
        """A trial is under way."""
        curve = dict(event["rungs"])
        trial = TrialUnderWay(
            event["number"],
            event["epochs"],
            settings_text(event["params"]),
            self.clock(),
            epoch=max(curve, default=0),
            curve=curve,
        )
        self.trials[trial.number] = trial
        return trial

    def epoch(self, event: TrialEpoch) -> TrialUnderWay:
        """It came further."""
        trial = self.trials[event["number"]]
        trial.epoch = event["epoch"]
        if event["nme"] is not None:
            trial.curve[trial.epoch] = event["nme"]
        return trial

    def ended(self, event: TrialEnded) -> tuple[TrialUnderWay, bool]:
        """It is over; returns it, and whether it is the best so far."""
        trial = self.trials[event["number"]]
        trial.ended, trial.epoch = event, event["epochs"]
        if event["state"] in ENDED:
            self.counts[event["state"]] += 1
            self._eta.at(self.finished)
        is_best = event["state"] == "COMPLETE" and (self.best is None or event["values"][0] < self.best[1])
        if is_best:
            self.best = trial.number, event["values"][0]
        return trial, is_best


def settings_text(params: Mapping[str, Any]) -> str:
    """``alpha 2.1, omega 14``: short names, four digits."""
    names = short_names(params)
    return ", ".join(f"{names[path]} {number_text(value)}" for path, value in params.items())
