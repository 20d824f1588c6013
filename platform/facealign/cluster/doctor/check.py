"""The checks, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from facealign.cluster.config import ClusterConfig
from facealign.config import Registry
from facealign.tracking import TrackingSettings

# What a check found.


State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes:
        state: ``warning``: a training runs, but with a problem; ``failed``: it does not run.
        found: What is there.
        remedy: What to do about it; empty where there is nothing to do.
    """

    state: State
    found: str
    remedy: str = ""


# What is to be run, as far as the checks have to know it.


@dataclass(frozen=True)
class DoctorPlan:
    """The trainings that the settings describe.

    Attributes:
        cluster: Where they run.
        tracking: Where their runs are recorded, in the experiment ``experiment`` if the settings name none.
        shards: Absolute path or URI of the prepared faces.
        batches: Size of the global batch of each method.
        checkpoint_bytes: Size of the largest method's checkpoint, about.
    """

    cluster: ClusterConfig
    tracking: TrackingSettings
    experiment: str
    shards: str
    batches: Mapping[str, int]
    checkpoint_bytes: int

    @property
    def workers(self) -> int:
        """The number of workers that a training needs to start."""
        return self.cluster.fewest_workers


CheckFunction = Callable[[DoctorPlan], Finding]


@dataclass(frozen=True)
class Check:
    """A function that looks at one thing; one that ``needs_cluster`` is left out where none answers."""

    look: CheckFunction
    needs_cluster: bool


CHECKS: Registry[Check] = Registry("check", "facealign.cluster.doctor.checks")


def check(name: str, *, needs_cluster: bool = True) -> Callable[[CheckFunction], CheckFunction]:
    """Decorator: register a check.

    A ``UserError`` that the function raises counts as a failed finding.
    """

    def put(function: CheckFunction) -> CheckFunction:
        CHECKS.register(name)(Check(function, needs_cluster))
        return function

    return put
