"""Private parts of Ray Train that this package depends on: the only module that imports them.

Ray Train's public API has no hook before a restart, none for a change of the number of workers, and no public
names for the errors in which a lost worker ends. ``tests/cluster/test_ray_internals.py`` names the version of Ray
that this holds for.
"""

from ray.train.v2._internal.exceptions import (
    CollectiveTimeoutError,
    WorkerGroupStartupFailedError,
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
    WorkerHealthCheckTimeoutError,
)
from ray.train.v2._internal.execution.callback import ControllerCallback, ReportCallback, WorkerCallback
from ray.train.v2._internal.execution.controller.state import (
    PreemptingState,
    ReschedulingState,
    RestartingState,
    TrainControllerState,
)
from ray.train.v2._internal.execution.scaling_policy import ResizeDecision
from ray.train.v2.api.exceptions import PreemptionError

__all__ = [
    "CollectiveTimeoutError",
    "ControllerCallback",
    "PreemptingState",
    "PreemptionError",
    "ReportCallback",
    "ReschedulingState",
    "ResizeDecision",
    "RestartingState",
    "TrainControllerState",
    "WorkerCallback",
    "WorkerGroupStartupFailedError",
    "WorkerGroupStartupTimeoutError",
    "WorkerHealthCheckFailedError",
    "WorkerHealthCheckTimeoutError",
]
