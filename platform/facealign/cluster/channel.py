"""Channel between the driver and the workers: events one way, control requests the other."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import ray
from ray.exceptions import RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from facealign.config import UserError
from facealign.storage.locks import alone_in

ControlRequest = Literal["stop", "leave"]
"""``stop``: save and end. ``leave``: save and step aside, to be started again elsewhere."""


@ray.remote(num_cpus=0)
class Channel:
    """Actor that buffers the workers' events for the driver and the driver's control requests for the workers."""

    def __init__(self, driver: str) -> None:
        self._driver = driver
        self._events: list[dict[str, Any]] = []
        self._stop = self._leave = False

    def driver(self) -> str:
        """Identify this driver to another driver of the same job."""
        return self._driver

    def put(self, event: dict[str, Any]) -> None:
        """Called by workers and by Ray's controller."""
        self._events.append(event)

    def take(self) -> list[dict[str, Any]]:
        """Called by the driver: what has come since the last call."""
        events, self._events = self._events, []
        return events

    def request_stop(self) -> None:
        """Called by the driver."""
        self._stop = True

    def request_leave(self) -> None:
        """Called by Ray's controller, when a node is about to end."""
        self._leave = True

    def back_to_work(self) -> None:
        """Called by Ray's controller, before workers start again."""
        self._leave = False

    def control_request(self) -> ControlRequest | None:
        """Called by workers."""
        return "stop" if self._stop else "leave" if self._leave else None


@contextmanager
def channel(driver: str) -> Iterator[Any]:
    """Open a channel for the duration of the block; only processes that are given its handle can use it."""
    actor = Channel.remote(driver)  # type: ignore[attr-defined]
    try:
        yield actor
    finally:
        ray.kill(actor)


class StopWatch:
    """Polls the channel in the background, so that no training step waits for an answer."""

    def __init__(self, channel: Any, interval: float = 0.5) -> None:
        self._channel = channel
        self._requested = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(interval,), daemon=True)
        self._thread.start()

    @property
    def requested(self) -> bool:
        """Whether the training is to save itself and stop, here at least."""
        return self._requested.is_set()

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()
        self._thread.join()

    def _watch(self, interval: float) -> None:
        while not self._closed.wait(interval):
            try:
                control_request = ray.get(self._channel.control_request.remote())
            except RayActorError:
                return  # the driver is gone, and Ray ends this worker too
            if control_request is not None:
                self._requested.set()
                return


# One driver at a time trains a job into its storage.


_NAMESPACE = "facealign"
_PATIENCE = 10.0
"""Seconds in which Ray notices, as a rule, that a driver was killed, and ends what was the driver's."""


@contextmanager
def driver_lock(folder: str, what: str = "trains this job") -> Iterator[Any]:
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
