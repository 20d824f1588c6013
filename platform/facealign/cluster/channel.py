"""The line between the driver and the workers: events one way, the wish to stop the other."""

import threading
from typing import Any

import ray


@ray.remote(num_cpus=0)
class Channel:
    """Keeps what workers say until the driver takes it, and what the driver wants until workers ask."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._stop = False

    def put(self, event: dict[str, Any]) -> None:
        """Called by workers."""
        self._events.append(event)

    def take(self) -> list[dict[str, Any]]:
        """Called by the driver: what has come since the last call."""
        events, self._events = self._events, []
        return events

    def request_stop(self) -> None:
        """Called by the driver."""
        self._stop = True

    def stop_requested(self) -> bool:
        """Called by workers."""
        return self._stop


class StopWatch:
    """Asks the channel in the background, so that no training step waits for an answer."""

    def __init__(self, channel: Any, interval: float = 0.5) -> None:
        self._requested = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(channel, interval), daemon=True)
        self._thread.start()

    @property
    def requested(self) -> bool:
        """Whether the driver wants the training to save and stop."""
        return self._requested.is_set()

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()
        self._thread.join()

    def _watch(self, channel: Any, interval: float) -> None:
        while not self._closed.wait(interval):
            if ray.get(channel.stop_requested.remote()):
                self._requested.set()
                return
