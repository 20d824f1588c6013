"""How far a training has come: a bar on a terminal, a line an epoch in a log file.

The driver process shows it, of what the workers tell it, so it takes plain numbers and mappings.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Protocol

from rich.console import Console

from facealign.report.progress_bar import BarProgress
from facealign.report.progress_lines import LineProgress


class Progress(Protocol):
    """Shows a training. Epochs and steps are counted from 1."""

    def start(self, total_epochs: int, steps_per_epoch: int) -> None:
        """The size of the whole training; said once, before all else."""

    def step(self, epoch: int, step: int, loss: float, images_per_second: float) -> None:
        """``step`` steps of ``epoch`` are done."""

    def epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """``epoch`` is over: ``loss``, and ``validation_nme`` as a fraction, None where it was not measured."""

    def note(self, text: str) -> None:
        """A line for the user, apart from the figures."""

    def close(self) -> None:
        """No more is coming, be the training done or not."""


def progress_for(stream: IO[str]) -> Progress:
    """The bar if ``stream`` is a terminal, else lines."""
    return BarProgress(Console(file=stream)) if stream.isatty() else LineProgress(stream)


@contextmanager
def training_progress(
    total_epochs: int, steps_per_epoch: int, stream: IO[str]
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A progress display that is open in the block; what it yields takes the events that workers send.

    An event has a ``kind``. ``log`` comes with ``step`` (of the whole training), ``train/loss`` and
    ``train/images_per_second``; ``epoch`` with ``epoch``, ``loss`` and ``validation_nme``; ``stopping`` with
    ``signal``; ``restart`` with ``attempt``, ``of`` and ``reason``; ``resize`` with ``workers`` and ``before``.
    """
    progress = progress_for(stream)
    progress.start(total_epochs, steps_per_epoch)

    def show(event: Mapping[str, Any]) -> None:
        match event["kind"]:
            case "log":
                done, step = divmod(event["step"] - 1, steps_per_epoch)
                progress.step(done + 1, step + 1, event["train/loss"], event["train/images_per_second"])
            case "epoch":
                progress.epoch(event["epoch"], event)
            case "stopping":
                progress.note(f"{event['signal']}: saving a checkpoint, then stopping; a second one ends at once")
            case "restart":
                count = f"restart {event['attempt']} of at most {event['of']}"
                progress.note(f"{event['reason']}; {count}, from the last checkpoint")
            case "resize":
                progress.note(f"going on with {event['workers']} workers instead of {event['before']}")

    try:
        yield show
    finally:
        progress.close()
