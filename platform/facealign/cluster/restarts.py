"""How often a training is tried again: decided beside Ray's controller, and told to the driver."""

from typing import Any

from ray.train.v2._internal.execution.callback import ControllerCallback
from ray.train.v2._internal.execution.controller.state import (
    PreemptingState,
    ReschedulingState,
    RestartingState,
    TrainControllerState,
)
from ray.train.v2._internal.execution.scaling_policy import ResizeDecision

from facealign.cluster.causes import Cause, cause_of, errors_in
from facealign.cluster.failures import Hopeless, heals


class Restarts(ControllerCallback):  # type: ignore[misc]  # Ray has no types
    """Sees each state that Ray's controller takes, in its process.

    Ray by itself would try again whatever a worker raises. A run in which a callback raises it does not try again,
    and so this one ends what cannot heal, and what has failed too often.

    Args:
        channel: To the driver and to the workers.
        max_failures: Restarts after a worker or a node that was lost.
        max_preemptions: Restarts after an end that was announced, for which the training has saved itself.
    """

    def __init__(self, channel: Any, max_failures: int, max_preemptions: int) -> None:
        self._channel = channel
        self._allowed = {"failures": max_failures, "preemptions": max_preemptions}
        self._seen = {"failures": 0, "preemptions": 0}
        self._workers: int | None = None

    def after_controller_state_update(
        self, previous_state: TrainControllerState, current_state: TrainControllerState
    ) -> None:
        """Ray calls it.

        Raises:
            Hopeless: Another try would not help, or all that are allowed did not.
            TrainingFailedError: Likewise, of an error that Ray met by itself.
        """
        match current_state:
            case PreemptingState():
                self._channel.request_leave.remote()
            case RestartingState() | ReschedulingState():
                self._try_again(current_state.training_failed_error)

    def before_controller_execute_resize_decision(self, resize_decision: ResizeDecision) -> None:
        """Ray calls it before it starts workers, the first time and after each restart."""
        before, self._workers = self._workers, resize_decision.num_workers
        if before not in (None, self._workers):
            self._channel.put.remote({"kind": "resize", "workers": self._workers, "before": before})

    def _try_again(self, failed: Exception) -> None:
        for error in errors_in(failed):
            if isinstance(error, Hopeless):
                raise error
            if not heals(error):
                raise failed
        cause = cause_of(failed)
        kind = "preemptions" if cause.announced else "failures"
        self._seen[kind] += 1
        attempt, allowed = self._seen[kind], self._allowed[kind]
        if attempt > allowed:
            raise Hopeless(_used_up(kind, allowed, cause), mendable=True)
        self._channel.back_to_work.remote()
        self._channel.put.remote({"kind": "restart", "attempt": attempt, "of": allowed, "reason": cause.text})


def _used_up(kind: str, allowed: int, cause: Cause) -> str:
    return (
        f"given up after {allowed} restarts (cluster.max_{kind}): {cause.text}. {cause.remedy}. "
        "The last checkpoint is kept, and the same command goes on from it"
    )
