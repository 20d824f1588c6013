"""What a search is made of, whatever it searches: which trials there are, and when there are enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import optuna

from facealign.search.space import Assignments


@dataclass(frozen=True)
class Limits:
    """Where a search ends; None: not there.

    Attributes:
        trials: That did not fail.
        rows: In the study, in whatever state.
        seconds: Of wall clock, over all starts of the search.
        gpu_seconds: Likewise, of all GPUs that its trials held.
        failures: Failed trials, at which the search gives up.
    """

    trials: int | None = None
    rows: int | None = None
    seconds: float | None = None
    gpu_seconds: float | None = None
    failures: int | None = None


@dataclass(frozen=True)
class Queued:
    """A trial that is asked before any that the sampler thinks of.

    Attributes:
        params: By name in the study; the sampler fills in what is missing.
        attributes: For ``Plan.suggest`` to find on the trial.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Plan(Protocol):
    """Which trials there are. ``SearchPlan`` and ``FixedPlan`` are plans."""

    @property
    def name(self) -> str:
        """Of the study: it says what the trials depend on, so that equal names mean equal trials."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """What is to be low: ``nme``, and names of figures that the trials measure."""

    @property
    def limits(self) -> Limits:
        """Where it ends."""

    @property
    def queue(self) -> Sequence[Queued]:
        """The first trials, in their order."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which the pruner decides; empty: it never does."""

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """What suggests the parameters of trial ``number``: the same ones each time that it is asked."""

    def pruner(self) -> optuna.pruners.BasePruner:
        """What decides which trials are stopped."""

    @property
    def fixed(self) -> Assignments:
        """What differs from the params file in every trial."""

    def suggest(self, trial: optuna.Trial) -> Assignments:
        """What tells a trial from the others."""
