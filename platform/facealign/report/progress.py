"""Display of a training's progress: a bar on a terminal, a line per epoch in a log file.

The driver process shows it, of what the workers tell it, so it takes plain numbers and mappings.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

# When a training will be done.


class Eta:
    """Judges the time left by the pace since the first position heard of.

    So the workers' start doesn't count, nor do the steps of an earlier process from which a training goes on.

    Args:
        clock: Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None

    def at(self, position: int) -> None:
        """Record how many steps are done now."""
        self._last = position, self._clock()
        self._first = self._first or self._last

    def left(self, total: int) -> float | None:
        """Seconds from the last position to ``total``; None while there is no pace to judge by."""
        if self._first is None or self._last is None:
            return None
        steps, seconds = self._last[0] - self._first[0], self._last[1] - self._first[1]
        return (total - self._last[0]) * seconds / steps if steps > 0 else None


def clock_text(seconds: float | None) -> str:
    """``h:mm:ss``, or as many dashes where it is not known."""
    if seconds is None:
        return "-:--:--"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


# A training's progress as a bar, for terminals.


class BarProgress:
    """A progress bar over the whole training; it stays on the screen when the display closes."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._eta = Eta(clock)
        self._steps_per_epoch = self._total = 0
        self._best = float("-inf")  # a resumed training does not know its best
        self._bar = RichProgress(
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


# A training's progress as lines, for log files.


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
        """Do nothing: every line is already printed."""


class ProgressDisplay(Protocol):
    """Shows a training. Epochs and steps are counted from 1."""

    def start(self, total_epochs: int, steps_per_epoch: int) -> None:
        """The size of the whole training; said once, before all else."""

    def step(self, epoch: int, step: int, loss: float, images_per_second: float) -> None:
        """``step`` steps of ``epoch`` are done."""

    def epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """``epoch`` is over: ``loss``, and ``validation_nme`` as a fraction, None where it was not measured."""

    def note(self, text: str) -> None:
        """A line for the user, apart from the metrics."""

    def close(self) -> None:
        """Close the bar, whether the training is done or not."""


def progress_for(stream: IO[str]) -> ProgressDisplay:
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


# How far a count has come: a bar on a terminal, a line at every tenth in a log file.


@contextmanager
def counting(what: str, stream: IO[str]) -> Iterator[Callable[[int, int], None]]:
    """A display that is open in the block; what it yields is called with (done, of all)."""
    if stream.isatty():
        with _bar(what, stream) as count:
            yield count
    else:
        yield _lines(what, stream)


@contextmanager
def _bar(what: str, stream: IO[str]) -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn(what),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(file=stream), expand=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str, stream: IO[str]) -> Callable[[int, int], None]:
    def count(done: int, total: int) -> None:
        if done * 10 // total > (done - 1) * 10 // total:
            stream.write(f"{what}: {done}/{total}\n")
            stream.flush()

    return count
