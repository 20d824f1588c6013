"""A search file: what is searched, how, how long, and what happens to the best."""

from typing import Any, Literal, Protocol

from pydantic import Field, field_validator, model_validator

from facealign.config import ConfigProblem, Settings
from facealign.methods import METHODS
from facealign.search.pruners import ASHASettings, PrunerSettings
from facealign.search.samplers import SamplerSettings, TPESettings
from facealign.search.space import Assignments, ListOf, Space, full_paths

Objective = Literal["nme", "parameters", "macs", "latency_ms", "failure_rate"]


class Budget(Settings):
    """The budget of a search; the first limit reached ends it. Limits of time count all runs together."""

    trials: int | None = Field(default=None, gt=0, description="finished and pruned ones, not failed ones")
    hours: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="of the clock")
    gpu_hours: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="of all GPUs that trials hold"
    )
    failures: int = Field(default=5, ge=1, description="failed trials after which something must be wrong")


class Confirm(Settings):
    """Training the best trials again with fresh seeds: a search's winner is also its luckiest."""

    top: int = Field(default=3, ge=1, description="trials")
    seeds: int = Field(default=3, ge=2, description="trainings of each, for a mean and its interval")


class SearchFile(Settings):
    """A search file: a search over the settings of one method.

    Paths are written as in params.yaml, or without ``method.NAME.`` in front of ``model`` and ``train``; the
    object holds full ones.
    """

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="of the folder below outputs/search, and in the study's name",
    )
    method: str = Field(description="whose settings are searched")
    objectives: ListOf[Objective] = Field(
        default=("nme",),
        description="minimized objectives: nme, of the validation fold; parameters; macs, of one face; "
        "latency_ms, of one face; failure_rate, fraction of validation faces beyond evaluation.failure_threshold",
    )
    space: Space
    fixed: Assignments = Field(
        default_factory=dict, description="settings that differ from params.yaml in every trial"
    )
    initial_trials: ListOf[Assignments] = Field(
        default=(), description="trials 0, 1 …: a value for each parameter that exists beside the others"
    )
    sampler: SamplerSettings = TPESettings()
    pruner: PrunerSettings = ASHASettings()
    budget: Budget = Budget(trials=30)
    confirm: Confirm | None = Field(default=Confirm(), description="null: the search's metrics stand as they are")
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="seed of the sampler; params.yaml has that of trainings"
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="trials at once; null: as many as the cluster has room for"
    )
    storage: str | None = Field(
        default=None,
        description="of the study: postgresql://…, sqlite:///…; null: a journal in the search's folder",
    )

    @field_validator("method")
    @classmethod
    def _known(cls, name: str) -> str:
        METHODS[name]
        return name

    @model_validator(mode="before")
    @classmethod
    def _with_full_paths(cls, tree: Any) -> Any:
        return full_paths(tree)

    @property
    def identity(self) -> dict[str, Any]:
        """The values that must be equal for two files to continue the same study."""
        return self.model_dump(
            mode="json", include={"method", "objectives", "space", "fixed", "sampler", "pruner", "seed"}
        )


# What a search has to know of the settings that it changes.


class Baseline(Protocol):
    """The settings that every trial starts from: params.yaml, which the command line knows how to read."""

    def problems(self, assignments: Assignments) -> list[ConfigProblem]:
        """List the rules of params.yaml that ``assignments`` would break."""

    def value(self, path: str, assignments: Assignments) -> Any:
        """The value of a dotted path beside ``assignments``, which break no rule; maybe a default.

        Raises:
            KeyError: There is no such setting.
        """
