"""A fixed list of settings, each trained from several seeds, as a study like any other."""

from collections.abc import Sequence
from typing import Any

import optuna
from pydantic import Field

from facealign.config import Settings, digest_json
from facealign.search.plan import Limits, Queued
from facealign.search.space import Assignments

SEED = "seed"
"""Of params.yaml: of weights, sample order and augmentation."""


class FixedPlan(Settings):
    """Every row from every seed, seeds within rows: place ``row × len(seeds) + i`` of the queue has ``seeds[i]``.

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
        """Title and digest of all that the figures depend on."""
        content = self.model_dump(mode="json", exclude={"title", "failures"})
        return f"{self.title}-{digest_json(content)[:12]}"

    @property
    def objectives(self) -> tuple[str, ...]:
        """The validation NME."""
        return ("nme",)

    @property
    def limits(self) -> Limits:
        """All trials."""
        return Limits(rows=len(self.rows) * len(self.seeds), failures=self.failures)

    @property
    def queue(self) -> Sequence[Queued]:
        """All of them."""
        return [
            Queued(attributes={"row": row, "seed": seed}) for row in range(len(self.rows)) for seed in self.seeds
        ]

    @property
    def rungs(self) -> tuple[int, ...]:
        """None: all are trained to their end."""
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
        """Of a row in the queue, in the order of the seeds."""
        return range(row * len(self.seeds), (row + 1) * len(self.seeds))
