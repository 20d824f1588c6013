"""How far a count has come: a bar on a terminal, a line at every tenth in a log file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress


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
