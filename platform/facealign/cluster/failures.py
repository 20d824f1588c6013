"""Classifies the failures of a worker as retryable or not.

A peer that is gone, a node that is lost, a network that breaks: the next try may do better. Wrong settings, wrong
data, a mistake in the program, a full disk, a batch that does not fit: the next try would meet the same end.
"""

import errno
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from ray.exceptions import OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.train import ControllerError, TrainingFailedError, WorkerGroupError

from facealign.cluster.ray_internals import (
    CollectiveTimeoutError,
    PreemptionError,
    WorkerGroupStartupFailedError,
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
    WorkerHealthCheckTimeoutError,
)
from facealign.config import UserError

LESS_MEMORY = "lower train.per_device_batch (the result stays the same), train.loader_workers or workers per node"

_PEERS = re.compile(
    r"gloo|nccl|tcpstore|rendezvous|connection (reset|refused|closed)|socket timeout|broken pipe", re.IGNORECASE
)
"""Part of what torch's collectives say, in a bare RuntimeError, when the process at the other end is gone."""

_AWAY = re.compile(r"network|curl|timed? ?out|unavailable|slow_?down|throttl|connect|resolve", re.IGNORECASE)
"""Part of what a storage's client says, in an OSError without a number, when the storage is out of reach."""

_BROKEN_NETWORK = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ESTALE)
_RAY_LOST_A_WORKER = (
    CollectiveTimeoutError,
    WorkerGroupStartupFailedError,
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
    WorkerHealthCheckTimeoutError,
)


class NonRetryableError(Exception):
    """A failure that would only come again, on its way from where it happened to the driver.

    Args:
        message: The whole message for the user.
        fixable: The reader can fix it; else it is a mistake in the program, and the message has its trace.
    """

    def __init__(self, message: str, fixable: bool) -> None:
        super().__init__(message, fixable)
        self.message, self.fixable = message, fixable


class Preempted(Exception):
    """The training has saved itself and stopped, because the end of a process or of a node was announced.

    Args:
        notified: Ranks of the workers that received SIGTERM, whichever worker raises this: Ray may report the
            error of any of them first. Empty: the node was drained.
    """

    def __init__(self, notified: tuple[int, ...]) -> None:
        super().__init__(notified)
        self.notified = notified


class WorkerFailed(RuntimeError):
    """A mistake of the program, made in a worker; the message is the worker's own trace."""


def is_retryable(error: BaseException) -> bool:
    """Whether a retry may succeed; unknown errors are not retried."""
    if isinstance(error, RayTaskError):
        return isinstance(error.cause, BaseException) and is_retryable(error.cause)
    if isinstance(error, (RayError, Preempted, *_RAY_LOST_A_WORKER)):
        return True
    if isinstance(error, UserError) or is_full(error) or is_out_of_memory(error):
        return False
    if isinstance(error, (ConnectionError, TimeoutError, torch.distributed.DistError)):
        return True
    if isinstance(error, OSError):
        away = error.errno is None and _AWAY.search(str(error)) is not None
        return away or error.errno in _BROKEN_NETWORK
    return isinstance(error, RuntimeError) and _PEERS.search(str(error)) is not None


def is_full(error: BaseException) -> bool:
    """Whether a disk has no room left; libraries that write by themselves say so in words alone."""
    numbered = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return numbered or re.search(r"no space left|quota exceeded", str(error), re.IGNORECASE) is not None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device, or this process, was refused memory."""
    refused = "can't allocate memory" in str(error)  # torch on a CPU has no error of its own for it
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or refused


def no_room(folder: str, error: Exception) -> str:
    """Return the message for a checkpoint that could not be written."""
    return (
        f"{folder}: no room left for a checkpoint ({error}); the last whole one is kept. Make room, and the same "
        "command goes on from it; or start anew with another cluster.storage"
    )


def to_driver_error(error: Exception) -> Exception:
    """Return what a worker raises for ``error``: itself if it is retryable, else the driver's message.

    Ray keeps an error's trace in the worker's log alone.
    """
    if is_retryable(error):
        return error
    if isinstance(error, UserError):
        return NonRetryableError(str(error), fixable=True)
    if is_full(error):
        return NonRetryableError(
            f"no room left on a disk ({error}); make room there, and start again", fixable=True
        )
    if is_out_of_memory(error):
        return NonRetryableError(f"a worker was refused memory ({error}); {LESS_MEMORY}", fixable=True)
    return NonRetryableError("".join(traceback.format_exception(error)), fixable=False)


# What the driver makes of the errors in which Ray's trainer ends.


@contextmanager
def translate_ray_errors(folder: str) -> Iterator[None]:
    """Translate Ray's errors into user errors.

    Args:
        folder: Of the training's checkpoints.

    Raises:
        UserError: There is something to fix, or to wait for.
        WorkerFailed: The program has a mistake.
    """
    try:
        yield
    except TrainingFailedError as error:
        raise _of_training(error, folder) from None
    except OutOfMemoryError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"the driver's node is out of memory ({reason}); on that node, {LESS_MEMORY}") from None
    except RayActorError as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{folder}: what leads the training on the driver's node was lost ({reason}); "
            "the same command goes on from the last checkpoint"
        ) from None
    except OSError as error:
        if is_full(error):
            raise UserError(no_room(folder, error)) from None
        if isinstance(error, PermissionError):
            raise UserError(f"{folder}: {error}; the driver must be able to write to cluster.storage") from None
        raise


def _of_training(error: TrainingFailedError, folder: str) -> Exception:
    cause = error.controller_failure if isinstance(error, ControllerError) else error
    if isinstance(cause, NonRetryableError):
        return UserError(cause.message) if cause.fixable else WorkerFailed(cause.message)
    if is_full(cause):
        return UserError(no_room(folder, cause))
    return WorkerFailed(str(cause))


# A failed attempt in a few words: Ray's own run to pages.


_LONGEST = 200


@dataclass(frozen=True)
class Cause:
    """The cause of a failed attempt.

    Attributes:
        text: A clause.
        remedy: What to do if it comes again and again, a sentence without its full stop.
        announced: It was announced, and the training has saved itself.
    """

    text: str
    remedy: str
    announced: bool = False


def errors_in(failed: Exception) -> Iterator[Exception]:
    """The errors of the single workers, or of Ray's controller, without what Ray wraps around them."""
    match failed:
        case WorkerGroupError():
            yield from failed.worker_failures.values()
        case ControllerError():
            yield failed.controller_failure
        case _:
            yield failed


def cause_of(failed: Exception) -> Cause:
    """The cause of a failed attempt, among all that followed from it."""
    match failed:
        case PreemptionError():
            return _announced("a node was drained")
        case WorkerGroupError():
            return _cause_in_workers(failed.worker_failures)
        case ControllerError(controller_failure=WorkerGroupStartupTimeoutError() as late):
            return Cause(
                f"the cluster had no room for {late.num_workers} workers",
                "Lower cluster.workers, or set it to {min, max}",
            )
        case _:
            return Cause(_first_line(failed), "See the logs of Ray")


def _cause_in_workers(failures: Mapping[int, Exception]) -> Cause:
    """Find the cause among the workers' errors; the end of a process comes before its peers' lost connections."""
    leaving = [error for error in failures.values() if isinstance(error, Preempted)]
    if leaving:
        notified = sorted({rank for error in leaving for rank in error.notified})
        return _announced(f"{_workers(notified)} got SIGTERM" if notified else "a node was drained")
    ends: dict[Cause, list[int]] = {}
    for rank, error in failures.items():
        if isinstance(error, (WorkerHealthCheckFailedError, WorkerHealthCheckTimeoutError)):
            ends.setdefault(_end_of_process(error), []).append(rank)
    if ends:
        cause, ranks = next(iter(ends.items()))
        return Cause(f"{_workers(ranks)} {cause.text}", cause.remedy, cause.announced)
    rank, error = next(iter(failures.items()))
    text = f"{_workers([rank])} lost touch: {_first_line(error)}"
    return Cause(text, "See whether all nodes reach each other and the storage")


def _end_of_process(error: Exception) -> Cause:
    lost = error.health_check_failure if isinstance(error, WorkerHealthCheckFailedError) else error
    text = str(lost)
    if isinstance(lost, OutOfMemoryError):
        used = re.search(r"was ([\d.]+ ?GB) used / ([\d.]+ ?GB)", text)
        usage = f" ({used[1]} of {used[2]} were in use)" if used else ""
        return Cause(
            f"was killed by Ray, because its node ran out of memory{usage}", f"On that node, {LESS_MEMORY}"
        )
    if isinstance(lost, RayActorError) and lost.preempted:
        return Cause("went with its node, which was drained", "Use nodes that stay", announced=True)
    if "node has died" in text or "node was terminated" in text:
        return Cause("was lost with its node", "See why the node went; the log of its raylet may tell")
    if isinstance(lost, WorkerHealthCheckTimeoutError):
        return Cause("no longer answered", "See whether its node still works")
    return Cause(
        "was killed, or crashed",
        f"If the system killed it for want of memory (`dmesg` tells), {LESS_MEMORY}; else see its log",
    )


def _announced(text: str) -> Cause:
    return Cause(text, "Use nodes that stay, or raise cluster.max_preemptions", announced=True)


def _workers(ranks: list[int]) -> str:
    numbers = ", ".join(map(str, sorted(ranks)))
    return f"worker{'s' if len(ranks) > 1 else ''} {numbers}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_LONGEST]
