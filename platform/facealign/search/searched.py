"""A search file as a plan: its study's name, its first trials, its samplers, its pruner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from facealign.config import digest_json
from facealign.search.file import Budget, SearchFile
from facealign.search.plan import Limits, Queued
from facealign.search.pruners import build_pruner
from facealign.search.samplers import build_sampler
from facealign.search.space import Assignments

_HOUR = 3600.0


@dataclass(frozen=True)
class SearchPlan:
    """What a search file plans.

    Attributes:
        file: The search file.
        base: All else that the results depend on: the settings that the search leaves alone, the data's digest.
        epochs: Of a trial that is not stopped.
    """

    file: SearchFile
    base: dict[str, Any]
    epochs: int

    @property
    def name(self) -> str:
        """The file's, and the digest of all that the trials depend on; budget, confirmation and place are not."""
        return f"{self.file.name}-{digest_json({**self.file.identity, 'base': self.base})[:12]}"

    @property
    def objectives(self) -> tuple[str, ...]:
        """The file's."""
        return self.file.objectives

    @property
    def limits(self) -> Limits:
        """The file's budget; a grid ends with its last point too."""
        size = self.file.space.size if self.file.sampler.name == "grid" else None
        return limits_of(self.file.budget, rows=None if size is None else size + len(self.file.first))

    @property
    def queue(self) -> Sequence[Queued]:
        """The file's ``first``."""
        return [Queued(self.file.space.labels(values)) for values in self.file.first]

    @property
    def rungs(self) -> tuple[int, ...]:
        """The pruner's."""
        return self.file.pruner.rungs(self.epochs)

    @property
    def fixed(self) -> Assignments:
        """The file's."""
        return self.file.fixed

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """The file's, for one trial."""
        return build_sampler(self.file.sampler, self.file.space, self.file.seed, number)

    def pruner(self) -> optuna.pruners.BasePruner:
        """The file's."""
        return build_pruner(self.file.pruner, self.epochs)

    def suggest(self, trial: optuna.Trial) -> Assignments:
        """From the file's space."""
        return self.file.space.suggest(trial)


def limits_of(budget: Budget, rows: int | None = None) -> Limits:
    """A budget in seconds."""
    return Limits(
        trials=budget.trials,
        rows=rows,
        seconds=None if budget.hours is None else budget.hours * _HOUR,
        gpu_seconds=None if budget.gpu_hours is None else budget.gpu_hours * _HOUR,
        failures=budget.failures,
    )
