"""SIGTERM to a worker: the notice that its process, or its whole node, is about to end."""

import signal
import threading
from types import FrameType

from ray.train.v2._internal.execution.callback import WorkerCallback

_given = threading.Event()


def given() -> bool:
    """Whether this worker has been told that it will end."""
    return _given.is_set()


class TerminationNotice(WorkerCallback):  # type: ignore[misc]  # Ray has no types
    """Lets a worker outlive a SIGTERM for as long as it takes to save; Ray would end it at once.

    Ray calls it in the main thread of the worker's process, the only one that can take signals; the training runs
    in another.
    """

    def after_init_train_context(self) -> None:
        """Ray calls it before the training starts."""
        signal.signal(signal.SIGTERM, _take_note)


def _take_note(number: int, frame: FrameType | None) -> None:
    _given.set()
