"""Plans of searches: their trials, and their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import optuna
from pydantic import Field

from facealign.config import Settings, digest_json
from facealign.search.file import Budget, SearchFile
from facealign.search.pruners import build_pruner
from facealign.search.samplers import build_sampler
from facealign.search.space import Assignments


@dataclass(frozen=True)
class SearchLimits:
    """Limits at which a search ends; None: no limit.

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
        attributes: For ``TrialPlan.suggest`` to find on the trial.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


class TrialPlan(Protocol):
    """Which trials there are. ``SearchPlan`` and ``FixedPlan`` are plans."""

    @property
    def name(self) -> str:
        """The study's name; it digests what the trials depend on, so that equal names mean equal trials."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """The minimized objectives: ``nme``, and names of metrics that the trials measure."""

    @property
    def limits(self) -> SearchLimits:
        """The limits at which the search ends."""

    @property
    def queue(self) -> Sequence[Queued]:
        """The first trials, in their order."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which the pruner decides; empty: it never does."""

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """Return the sampler of trial ``number``; it suggests the same parameters each time."""

    def pruner(self) -> optuna.pruners.BasePruner:
        """The pruner."""

    @property
    def fixed(self) -> Assignments:
        """The settings that differ from the params file in every trial."""

    def suggest(self, trial: optuna.Trial) -> Assignments:
        """Suggest the settings of a trial."""


# A search file as a plan: its study's name, its first trials, its samplers, its pruner.


_HOUR = 3600.0


@dataclass(frozen=True)
class SearchPlan:
    """The plan of a search file.

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
        """The file's name, and a digest of all that the trials depend on; without budget and confirmation."""
        return f"{self.file.name}-{digest_json({**self.file.identity, 'base': self.base})[:12]}"

    @property
    def objectives(self) -> tuple[str, ...]:
        """The file's."""
        return self.file.objectives

    @property
    def limits(self) -> SearchLimits:
        """The file's budget; a grid ends with its last point too."""
        size = self.file.space.size if self.file.sampler.name == "grid" else None
        return limits_of(self.file.budget, rows=None if size is None else size + len(self.file.initial_trials))

    @property
    def queue(self) -> Sequence[Queued]:
        """The file's ``initial_trials``."""
        return [Queued(self.file.space.labels(values)) for values in self.file.initial_trials]

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
        """Suggest settings from the file's space."""
        return self.file.space.suggest(trial)


def limits_of(budget: Budget, rows: int | None = None) -> SearchLimits:
    """A budget in seconds."""
    return SearchLimits(
        trials=budget.trials,
        rows=rows,
        seconds=None if budget.hours is None else budget.hours * _HOUR,
        gpu_seconds=None if budget.gpu_hours is None else budget.gpu_hours * _HOUR,
        failures=budget.failures,
    )


# A fixed list of settings, each trained from several seeds, as a study like any other.


SEED = "seed"
"""Setting of params.yaml: seed of weights, sample order and augmentation."""


class FixedPlan(Settings):
    """Trains each row with each seed; position ``row × len(seeds) + i`` of the queue has ``seeds[i]``.

    Attributes:
        title: What it is; letters, digits and ``. _ -``.
        rows: Settings by full dotted path of params.yaml.
        seeds: Of params.yaml, for each row.
        fixed: Settings that differ from the params file in every row.
        base: All else that the results depend on: the settings that the rows leave alone, the data's digest.
        failures: Failed trials, at which the rest is given up; None: all are tried.
    """

    title: str = Field(pattern=r"^[\w.-]+$")
    rows: tuple[Assignments, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    fixed: Assignments = Field(default_factory=dict)
    base: dict[str, Any] = Field(default_factory=dict)
    failures: int | None = None

    @property
    def name(self) -> str:
        """Title and digest of all that the metrics depend on."""
        content = self.model_dump(mode="json", exclude={"title", "failures"})
        return f"{self.title}-{digest_json(content)[:12]}"

    @property
    def objectives(self) -> tuple[str, ...]:
        """The validation NME."""
        return ("nme",)

    @property
    def limits(self) -> SearchLimits:
        """The limit is the number of trials."""
        return SearchLimits(rows=len(self.rows) * len(self.seeds), failures=self.failures)

    @property
    def queue(self) -> Sequence[Queued]:
        """All trials."""
        return [
            Queued(attributes={"row": row, "seed": seed}) for row in range(len(self.rows)) for seed in self.seeds
        ]

    @property
    def rungs(self) -> tuple[int, ...]:
        """No rungs: all trials are trained to their end."""
        return ()

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """Never asked: nothing is left to suggest."""
        return optuna.samplers.RandomSampler(seed=number)

    def pruner(self) -> optuna.pruners.BasePruner:
        """Stops none."""
        return optuna.pruners.NopPruner()

    def suggest(self, trial: optuna.Trial) -> Assignments:
        """The trial's row, and its seed."""
        attributes = trial.user_attrs
        return {**self.rows[attributes["row"]], SEED: attributes["seed"]}

    def places(self, row: int) -> range:
        """The positions of a row in the queue, in the order of the seeds."""
        return range(row * len(self.seeds), (row + 1) * len(self.seeds))
