"""Samplers of a search. Options whose defaults differ between versions of Optuna are set explicitly.

A sampler is built anew for each trial, with a seed made of the search's and the trial's number: a search that goes
on after it was cut off asks for the very trials that it would have asked for. What samplers have to remember lies
in the study: CMA-ES's distribution, QMC's place in its sequence, the points of a grid that were tried.
"""

import warnings
from typing import Annotated, Any, Literal

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GridSampler, QMCSampler, RandomSampler, TPESampler
from pydantic import Field

from facealign.config import Settings
from facealign.search.space import Space


class TPESettings(Settings):
    """Tree-structured Parzen estimator: Bergstra et al., NeurIPS 2011; multivariate: Falkner et al., ICML 2018."""

    name: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=0, description="finished trials before which values are random")
    candidates: int = Field(default=24, ge=1, description="draws of which the most promising is taken")
    multivariate: bool = Field(
        default=True,
        description="learn which values go together, among parameters that exist together",
    )
    constant_liar: bool = Field(default=True, description="keep away from what running trials are trying")

    def build(self, space: Space, seed: int, own_seed: int) -> BaseSampler:
        """See ``build_sampler``."""
        return TPESampler(
            n_startup_trials=self.startup,
            n_ei_candidates=self.candidates,
            multivariate=self.multivariate,
            group=self.multivariate and space.is_conditional,
            constant_liar=self.constant_liar,
            seed=own_seed,
        )


class CMAESSettings(Settings):
    """Covariance matrix adaptation: Hansen & Ostermeier, 2001. For numbers that exist in every trial."""

    name: Literal["cmaes"] = "cmaes"
    startup: int = Field(default=1, ge=1, description="finished trials before which values are random")
    population: int | None = Field(
        default=None, ge=2, description="trials of a generation; null: 4 + 3 ln(number of parameters)"
    )

    def build(self, space: Space, seed: int, own_seed: int) -> BaseSampler:
        """See ``build_sampler``."""
        return CmaEsSampler(
            n_startup_trials=self.startup,
            popsize=self.population,
            independent_sampler=RandomSampler(seed=own_seed),
            warn_independent_sampling=False,
            consider_pruned_trials=False,
            seed=own_seed,
        )


class QMCSettings(Settings):
    """Quasi-random points, which fill the space more evenly than random ones: Bergstra & Bengio, JMLR 2012."""

    name: Literal["qmc"] = "qmc"
    sequence: Literal["sobol", "halton"] = "sobol"
    scramble: bool = Field(default=True, description="by the search's seed; else the first point is every low")

    def build(self, space: Space, seed: int, own_seed: int) -> BaseSampler:
        """See ``build_sampler``."""
        return QMCSampler(
            qmc_type=self.sequence,
            scramble=self.scramble,
            seed=seed,
            independent_sampler=RandomSampler(seed=own_seed),
            warn_independent_sampling=False,
        )


class RandomSettings(Settings):
    """Independent draws."""

    name: Literal["random"] = "random"

    def build(self, space: Space, seed: int, own_seed: int) -> BaseSampler:
        """See ``build_sampler``."""
        return RandomSampler(seed=own_seed)


class GridSettings(Settings):
    """Grid search: every combination once, in an order shuffled by the search's seed."""

    name: Literal["grid"] = "grid"

    def build(self, space: Space, seed: int, own_seed: int) -> BaseSampler:
        """See ``build_sampler``."""
        assert space.grid is not None, "a checked file has a finite space"
        return _Grid(space.grid, seed=seed)


class _Grid(GridSampler):  # type: ignore[misc]
    """A grid that does not end the search: Optuna's stops a loop of its own, which is not running here."""

    def after_trial(self, *_: Any) -> None:
        """Do nothing after a trial."""


SamplerSettings = Annotated[
    TPESettings | CMAESSettings | QMCSettings | RandomSettings | GridSettings, Field(discriminator="name")
]


def build_sampler(settings: Any, space: Space, seed: int, number: int) -> BaseSampler:
    """The sampler of one trial.

    Args:
        settings: One of ``SamplerSettings``.
        space: What is searched; ``facealign.search.validation`` has found that it suits the sampler.
        seed: Of the search.
        number: Of the trial that is to be asked for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # QMC, and TPE's groups, have been so for years
        built: BaseSampler = settings.build(space, seed, trial_seed(seed, number))
    return built


def trial_seed(seed: int, number: int) -> int:
    """A seed of 32 bits for one trial of a search."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
