"""One driver at a time trains a job into its storage."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from facealign.cluster.channel import Channel
from facealign.config import UserError
from facealign.config.locks import alone_in

_NAMESPACE = "facealign"
_PATIENCE = 10.0
"""Seconds in which Ray notices, as a rule, that a driver was killed, and ends what was the driver's."""


@contextmanager
def claimed(folder: str, what: str = "trains this job") -> Iterator[Any]:
    """The channel of the one driver that works in ``folder``; nobody else has one inside the block.

    Two guards, each freed by the death of its holder. The channel's name is known to the whole Ray cluster. A lock
    in the folder holds between local clusters, which do not know of each other; a bucket has none.

    Args:
        folder: Of a training, or of a search.
        what: It does there, for the message to another one.

    Raises:
        UserError: Another driver is at it already.
    """
    with nullcontext() if "://" in folder else alone_in(Path(folder), what):
        channel = _named_channel(folder, what)
        try:
            yield channel
        finally:
            ray.kill(channel)  # its name is free at once, for the next call of this very driver


def _named_channel(folder: str, what: str) -> Any:
    name = f"channel of {folder}"
    node = ray.get_runtime_context().get_node_id()
    # On the driver's own node: the loss of any other then costs the training its workers there, and no more.
    kind = Channel.options(  # type: ignore[attr-defined]
        name=name, namespace=_NAMESPACE, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
    )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return kind.remote(f"process {os.getpid()} on {socket.gethostname()}")
        except ValueError:  # the name is taken
            if time.monotonic() > deadline:
                raise UserError(
                    f"{folder}: another driver {what} already, {_holder(name)}; wait for it, or stop it. "
                    "If its machine was lost, Ray takes about a minute to notice"
                ) from None
        time.sleep(0.5)


def _holder(name: str) -> str:
    try:
        return str(ray.get(ray.get_actor(name, _NAMESPACE).driver.remote(), timeout=5))
    except (ValueError, RayError):
        return "a driver that does not answer"
