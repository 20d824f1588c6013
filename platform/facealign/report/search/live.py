"""A running search on the terminal: a table, or lines where there is no terminal.

The events are those of ``facealign.search.events``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console

from facealign.report.search.live_lines import LiveLines
from facealign.report.search.live_state import SearchState
from facealign.report.search.live_table import LiveTable
from facealign.search.events import SearchEvent


@contextmanager
def search_progress(
    stream: IO[str], clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[SearchEvent], None]]:
    """A display that is open in the block; what it yields takes the events, from one thread."""
    state = SearchState(clock)
    display = LiveTable(Console(file=stream), state) if stream.isatty() else LiveLines(stream, state)

    def show(event: SearchEvent) -> None:
        match event["kind"]:
            case "search":
                display.search(event)
            case "trial_started":
                display.started(event)
            case "trial_epoch":
                display.epoch(event)
            case "trial_ended":
                display.ended(event)
            case "note":
                display.note(event["text"])

    try:
        yield show
    finally:
        display.close()
