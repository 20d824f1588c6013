"""The line between the driver and the workers: events one way, the wish to stop the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import ray
from ray.exceptions import RayActorError

Wish = Literal["stop", "leave"]
"""``stop``: save and end. ``leave``: save and step aside, to be started again elsewhere."""


@ray.remote(num_cpus=0)
class Channel:
    """Keeps what workers say until the driver takes it, and what is wished of the workers until they ask."""

    def __init__(self, driver: str) -> None:
        self._driver = driver
        self._events: list[dict[str, Any]] = []
        self._stop = self._leave = False

    def driver(self) -> str:
        """Called by other drivers that find this one: who it is."""
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

    def wish(self) -> Wish | None:
        """Called by workers."""
        return "stop" if self._stop else "leave" if self._leave else None


@contextmanager
def channel(driver: str) -> Iterator[Any]:
    """A channel that only those know whom it is handed to, and that ends with the block."""
    actor = Channel.remote(driver)  # type: ignore[attr-defined]
    try:
        yield actor
    finally:
        ray.kill(actor)


class StopWatch:
    """Asks the channel in the background, so that no training step waits for an answer."""

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
                wish = ray.get(self._channel.wish.remote())
            except RayActorError:
                return  # the driver is gone, and Ray ends this worker too
            if wish is not None:
                self._requested.set()
                return
