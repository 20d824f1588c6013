"""A training's progress as lines, for log files."""

import time
from collections.abc import Callable, Mapping
from typing import IO, Any

from facealign.report.eta import Eta, clock_text


class LineProgress:
    """A line for each epoch, pure ASCII, written out at once."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._eta = stream, Eta(clock)
        self._total_epochs = self._steps_per_epoch = 0
        self._rate = 0.0
        self._best = float("-inf")  # a resumed training does not know its best

    def start(self, total_epochs: int, steps_per_epoch: int) -> None:
        """Remember the size."""
        self._total_epochs, self._steps_per_epoch = total_epochs, steps_per_epoch

    def step(self, epoch: int, step: int, loss: float, images_per_second: float) -> None:
        """Keep the speed and the pace for the epoch's line."""
        self._rate = images_per_second
        self._eta.at((epoch - 1) * self._steps_per_epoch + step)

    def epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Write the epoch's line."""
        self._eta.at(epoch * self._steps_per_epoch)
        width = len(str(self._total_epochs))
        fields = [
            f"epoch {epoch:>{width}}/{self._total_epochs}",
            f"loss {metrics['loss']:.4g}".ljust(14),
            self._measured(epoch, metrics["validation_nme"]),
            f"{self._rate:7.1f} images/s",
            f"ETA {clock_text(self._eta.left(self._total_epochs * self._steps_per_epoch))}",
        ]
        self.note("  ".join(fields))

    def _measured(self, epoch: int, nme: float | None) -> str:
        if epoch == 1:
            self._best = float("inf")
        if nme is None:
            return f"NME {'-':>6}       "
        is_best = nme < self._best
        self._best = min(nme, self._best)
        return f"NME {100 * nme:6.2f} %{' best' if is_best else '     '}"

    def note(self, text: str) -> None:
        """Write a line."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Every line is out already."""
