"""A failed attempt in a few words: Ray's own run to pages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ray.exceptions import OutOfMemoryError, RayActorError
from ray.train import ControllerError, WorkerGroupError
from ray.train.v2._internal.exceptions import (
    WorkerGroupStartupTimeoutError,
    WorkerHealthCheckFailedError,
    WorkerHealthCheckTimeoutError,
)
from ray.train.v2.api.exceptions import PreemptionError

from facealign.cluster.failures import LESS_MEMORY, Leaving

_LONGEST = 200


@dataclass(frozen=True)
class Cause:
    """Why an attempt failed.

    Attributes:
        text: A clause.
        remedy: What to do if it comes again and again, a sentence without its full stop.
        announced: It was told beforehand, and the training has saved itself.
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
    """What befell a process comes before what its peers then met; ranks are those of the workers."""
    leaving = {rank: error for rank, error in failures.items() if isinstance(error, Leaving)}
    if leaving:
        told = [rank for rank, error in leaving.items() if error.noticed]
        return _announced(f"{_workers(told)} got SIGTERM" if told else "a node was drained")
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
        figures = f" ({used[1]} of {used[2]} were in use)" if used else ""
        return Cause(
            f"was killed by Ray, because its node ran out of memory{figures}", f"On that node, {LESS_MEMORY}"
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
