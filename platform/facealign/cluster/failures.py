"""Which failures of a worker may heal if the training is tried again, and which would only come again.

A peer that is gone, a node that is lost, a network that breaks: the next try may do better. Wrong settings, wrong
data, a mistake in the program, a full disk, a batch that does not fit: the next try would meet the same end.
"""

import errno
import re
import traceback

import torch
from ray.exceptions import RayError, RayTaskError
from ray.train.v2._internal.exceptions import (
    CollectiveTimeoutError,
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


class Hopeless(Exception):
    """A failure that would only come again, on its way from where it happened to the driver.

    Args:
        message: All that the reader is told.
        mendable: The reader can mend it; else it is a mistake in the program, and the message has its trace.
    """

    def __init__(self, message: str, mendable: bool) -> None:
        super().__init__(message, mendable)
        self.message, self.mendable = message, mendable


class Leaving(Exception):
    """The training has saved itself and stepped aside, because the end of a process or of a node was announced.

    Args:
        noticed: It was announced to this very worker, by SIGTERM.
    """

    def __init__(self, noticed: bool) -> None:
        super().__init__(noticed)
        self.noticed = noticed


class WorkerFailed(RuntimeError):
    """A mistake of the program, made in a worker; the message is the worker's own trace."""


def heals(error: BaseException) -> bool:
    """Whether another try may do better. What nothing is known of does not heal."""
    if isinstance(error, RayTaskError):
        return isinstance(error.cause, BaseException) and heals(error.cause)
    if isinstance(error, (RayError, Leaving, *_RAY_LOST_A_WORKER)):
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
    """What to tell when a checkpoint could not be written."""
    return (
        f"{folder}: no room left for a checkpoint ({error}); the last whole one is kept. Make room, and the same "
        "command goes on from it; or start anew with another cluster.storage"
    )


def as_told(error: Exception) -> Exception:
    """What a worker raises in the place of ``error``: itself if it heals, else all that the driver has to say.

    Ray keeps an error's trace in the worker's log alone.
    """
    if heals(error):
        return error
    if isinstance(error, UserError):
        return Hopeless(str(error), mendable=True)
    if is_full(error):
        return Hopeless(f"no room left on a disk ({error}); make room there, and start again", mendable=True)
    if is_out_of_memory(error):
        return Hopeless(f"a worker was refused memory ({error}); {LESS_MEMORY}", mendable=True)
    return Hopeless("".join(traceback.format_exception(error)), mendable=False)
