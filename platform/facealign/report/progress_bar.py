"""A training's progress as a bar, for terminals."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from facealign.report.eta import Eta, clock_text


class BarProgress:
    """One bar over the whole training; it stays, as far as it came, when the display closes."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._eta = Eta(clock)
        self._steps_per_epoch = self._total = 0
        self._best = float("-inf")  # a resumed training does not know its best
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=None),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("[bold]NME {task.fields[nme]}"),
            TextColumn("[dim]{task.fields[rate]} img/s"),
            TextColumn("[cyan]ETA {task.fields[eta]}"),
            console=console,
            expand=True,
        )

    def start(self, total_epochs: int, steps_per_epoch: int) -> None:
        """Draw the empty bar."""
        self._steps_per_epoch, self._total = steps_per_epoch, total_epochs * steps_per_epoch
        nothing: dict[str, Any] = dict.fromkeys(("loss", "nme", "rate"), "-")
        self._task = self._bar.add_task(
            "training", total=self._total, epoch=1, epochs=total_epochs, eta=clock_text(None), **nothing
        )
        self._bar.start()

    def step(self, epoch: int, step: int, loss: float, images_per_second: float) -> None:
        """Move the bar."""
        position = (epoch - 1) * self._steps_per_epoch + step
        self._move(position, epoch=epoch, loss=f"{loss:.4g}", rate=f"{images_per_second:.0f}")

    def epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Move the bar to the end of the epoch, and show how good the network is."""
        nme = metrics["validation_nme"]
        if epoch == 1:
            self._best = float("inf")
        fields = {"epoch": epoch, "loss": f"{metrics['loss']:.4g}"}
        if nme is not None:
            self._best = min(self._best, nme)
            best = f" (best {100 * self._best:.2f})" if self._best > 0 else ""
            fields["nme"] = f"{100 * nme:.2f} %{best}"
        self._move(epoch * self._steps_per_epoch, **fields)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def _move(self, position: int, **fields: Any) -> None:
        self._eta.at(position)
        self._bar.update(self._task, completed=position, eta=clock_text(self._eta.left(self._total)), **fields)
