"""Which trials are stopped before their last epoch. All of them count in epochs, the first of which is 1.

They decide by what the study remembers, the validation NME after each epoch, and so survive any restart. None of
them can judge several objectives.
"""

import math
from typing import Annotated, Any, Literal

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from pydantic import Field

from facealign.config import Settings


class ASHASettings(Settings):
    """Asynchronous successive halving: Li et al., MLSys 2020.

    At epochs first, first × factor, first × factor² … a trial goes on if it is among the best 1/factor of those
    that have come there, or the best of fewer than ``factor``.
    """

    name: Literal["asha"] = "asha"
    first: int = Field(default=1, ge=1, description="epoch of the first rung")
    factor: int = Field(
        default=3,
        ge=2,
        description="reduction factor: one in this many trials passes a rung; also the rungs' ratio",
    )

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """Epochs after which trials of ``epochs`` epochs are judged; the last one ends anyway."""
        return _powers(self.first, self.factor, epochs)

    def build(self, epochs: int) -> BasePruner:
        """See ``build_pruner``."""
        return SuccessiveHalvingPruner(
            min_resource=self.first, reduction_factor=self.factor, min_early_stopping_rate=0, bootstrap_count=0
        )


class HyperbandSettings(Settings):
    """Hyperband: Li et al., JMLR 2018; several successive halvings side by side, each with a later first rung.

    A trial's bracket is decided by its number and the study's name.
    """

    name: Literal["hyperband"] = "hyperband"
    first: int = Field(default=1, ge=1, description="epoch of the first rung of the first bracket")
    factor: int = Field(default=3, ge=2, description="as in asha")

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """The rungs of the first bracket; each later bracket leaves out the first rung of the one before."""
        return _powers(self.first, self.factor, epochs)

    def brackets(self, epochs: int) -> tuple[int, ...]:
        """Return how many trials go into each bracket, rounded as in Optuna."""
        count = math.floor(math.log(epochs / self.first, self.factor)) + 1
        return tuple(math.ceil(count * self.factor**s / (s + 1)) for s in reversed(range(count)))

    def build(self, epochs: int) -> BasePruner:
        """See ``build_pruner``."""
        return HyperbandPruner(
            min_resource=self.first, max_resource=epochs, reduction_factor=self.factor, bootstrap_count=0
        )


class MedianSettings(Settings):
    """The median rule: Golovin et al., KDD 2017, on the best epoch so far.

    A trial is stopped where its best epoch so far is worse than the median of what finished trials had there.
    """

    name: Literal["median"] = "median"
    startup: int = Field(default=5, ge=1, description="finished trials before which none is stopped")
    warmup: int = Field(default=1, ge=1, description="first epoch after which a trial may be stopped")
    every: int = Field(default=1, ge=1, description="epochs between two judgments")

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """Epochs after which trials of ``epochs`` epochs are judged; the last one ends anyway."""
        return tuple(range(self.warmup, epochs, self.every))

    def build(self, epochs: int) -> BasePruner:
        """See ``build_pruner``."""
        return MedianPruner(
            n_startup_trials=self.startup, n_warmup_steps=self.warmup, interval_steps=self.every, n_min_trials=1
        )


class NoPruning(Settings):
    """No pruning: every trial is trained to its last epoch."""

    name: Literal["none"] = "none"

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """No rungs."""
        return ()

    def build(self, epochs: int) -> BasePruner:
        """See ``build_pruner``."""
        return NopPruner()


PrunerSettings = Annotated[
    ASHASettings | HyperbandSettings | MedianSettings | NoPruning, Field(discriminator="name")
]


def build_pruner(settings: Any, epochs: int) -> BasePruner:
    """The pruner of a study.

    Args:
        settings: One of ``PrunerSettings``.
        epochs: Of a trial that is not stopped.
    """
    built: BasePruner = settings.build(epochs)
    return built


def _powers(first: int, factor: int, below: int) -> tuple[int, ...]:
    """first, first × factor, first × factor² …, as far as they are below ``below``."""
    found = []
    while first < below:
        found.append(first)
        first *= factor
    return tuple(found)
