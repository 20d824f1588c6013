"""Callbacks of Ray Train: restarts after failures, copies of Ray's checkpoint list, termination notices."""

import json
import shutil
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from facealign.cluster.failures import Cause, NonRetryableError, cause_of, errors_in, is_retryable
from facealign.cluster.ray_internals import (
    ControllerCallback,
    PreemptingState,
    ReportCallback,
    ReschedulingState,
    ResizeDecision,
    RestartingState,
    TrainControllerState,
    WorkerCallback,
)
from facealign.config import UserError


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
            NonRetryableError: Another try would not help, or all that are allowed did not.
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
            if isinstance(error, NonRetryableError):
                raise error
            if not is_retryable(error):
                raise failed
        cause = cause_of(failed)
        kind = "preemptions" if cause.announced else "failures"
        self._seen[kind] += 1
        attempt, allowed = self._seen[kind], self._allowed[kind]
        if attempt > allowed:
            raise NonRetryableError(_used_up(kind, allowed, cause), fixable=True)
        self._channel.back_to_work.remote()
        self._channel.put.remote({"kind": "restart", "attempt": attempt, "of": allowed, "reason": cause.text})


def _used_up(kind: str, allowed: int, cause: Cause) -> str:
    return (
        f"given up after {allowed} restarts (cluster.max_{kind}): {cause.text}. {cause.remedy}. "
        "The last checkpoint is kept, and the same command goes on from it"
    )


# A second copy of Ray's list of checkpoints, because Ray writes over the first in place.
#
# What ends the controller in the middle of that, or a disk that is full just then, leaves half a list, with which
# no training goes on. A checkpoint is deleted only when a list without it has been written, so the list before is
# as good. Buckets replace an object as a whole and need no copy.


_LIST = "checkpoint_manager_snapshot.json"
_COPY = "checkpoints_before.json"


class SnapshotCopy(ReportCallback):  # type: ignore[misc]  # Ray has no types
    """Makes the copy, in Ray's controller, each time that a list has been written.

    Args:
        folder: Of the training's checkpoints.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def after_report(self, training_report: Any, metrics: list[dict[str, Any]]) -> None:
        """Ray calls it, after its own part of the work."""
        repair_snapshot(self._folder)


def repair_snapshot(folder: str) -> None:
    """Make list and copy the same: the list if it is whole, else the copy.

    Raises:
        UserError: Neither is whole.
    """
    place = Path(folder)
    if "://" in folder or not (place / _LIST).exists():
        return
    whole = next((name for name in (_LIST, _COPY) if _is_whole(place / name)), None)
    if whole is None:
        raise UserError(f"{place / _LIST}: damaged; delete the folder to train anew")
    other = place / (_COPY if whole == _LIST else _LIST)
    fresh = other.with_suffix(".new")
    shutil.copyfile(place / whole, fresh)
    fresh.replace(other)


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


# SIGTERM to a worker: the notice that its process, or its whole node, is about to end.


_termination = threading.Event()


def termination_requested() -> bool:
    """Whether this worker has received SIGTERM."""
    return _termination.is_set()


class TerminationNotice(WorkerCallback):  # type: ignore[misc]  # Ray has no types
    """Keeps a worker alive after SIGTERM until it has saved; Ray would end it at once.

    Ray calls it in the main thread of the worker's process, the only one that can take signals; the training runs
    in another.
    """

    def after_init_train_context(self) -> None:
        """Ray calls it before the training starts."""
        signal.signal(signal.SIGTERM, _take_note)


def _take_note(number: int, frame: FrameType | None) -> None:
    _termination.set()
