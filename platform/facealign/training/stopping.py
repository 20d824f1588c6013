"""Turns Ctrl-C and SIGTERM into a request to save and stop."""

import signal
from types import FrameType, TracebackType

from facealign.training.progress import Progress


class Stopped(Exception):
    """The training was asked to stop, saved itself, and can go on."""

    def __init__(self, progress: Progress, number: signal.Signals) -> None:
        super().__init__(f"stopped after {progress.epoch} epochs and {progress.step} steps")
        self.progress = progress
        self.exit_status = 128 + number


class StopSignals:
    """Inside the block the first SIGINT or SIGTERM is remembered in ``received``; a second one interrupts.

    Only the main thread of a process can use it.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "StopSignals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
