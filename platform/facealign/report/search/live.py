"""A running search on the terminal: a table, or lines where there is no terminal.

The events are those of ``facealign.search.events``.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import IO, Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from facealign.report.progress import Eta, clock_text
from facealign.report.search.words import STATE_WORDS, Unit, cause_line, number_text, short_names, unit_of
from facealign.search.events import SearchBegins, SearchEvent, TrialEnded, TrialEpoch, TrialStarted, TrialState

# What a display of a running search knows: the sum of the events it has heard.


ENDED: tuple[TrialState, ...] = ("COMPLETE", "PRUNED", "FAIL")


@dataclass
class TrialUnderWay:
    """A trial that is running, or was.

    Attributes:
        settings: Short name and value of each parameter, in words.
        begun: On the display's clock.
        curve: Validation NME by epoch, a fraction.
        ended: How; None: it is running.
    """

    number: int
    epochs: int
    settings: str
    begun: float
    epoch: int
    curve: dict[int, float] = field(default_factory=dict)
    ended: TrialEnded | None = None


class SearchState:
    """State of a running search, updated by events.

    Args:
        clock: Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.trials: dict[int, TrialUnderWay] = {}
        self.counts: Counter[TrialState] = Counter()
        self.best: tuple[int, float] | None = None
        self.name = ""
        self.rungs: tuple[int, ...] = ()
        self.total: int | None = None
        self._objective = "nme"
        self._until: float | None = None
        self._eta = Eta(clock)

    @property
    def unit(self) -> Unit:
        """The unit of the first objective."""
        return unit_of(self._objective)

    @property
    def finished(self) -> int:
        """Trials of the budget that ended, in this process or before it; failed ones are none of it."""
        return self.counts["COMPLETE"] + self.counts["PRUNED"]

    @property
    def budget_left(self) -> float | None:
        """Seconds until the budget's hours are spent; None: no bound."""
        return None if self._until is None else max(self._until - self.clock(), 0.0)

    @property
    def seconds_left(self) -> float | None:
        """Estimate the seconds until the last trial or the end of the budget; None: not known."""
        by_trials = None if self.total is None else self._eta.left(self.total)
        return min((left for left in (by_trials, self.budget_left) if left is not None), default=None)

    def search(self, event: SearchBegins) -> None:
        """Remember the sizes."""
        self.name, self.rungs, self.total = event["name"], tuple(event["rungs"]), event["trials"]
        self._objective = event["objectives"][0]
        self.counts = Counter(event["ended"])
        self.best = event["best"]
        left = event["seconds_left"]
        self._until = None if left is None else self.clock() + left
        self._eta.at(self.finished)

    def started(self, event: TrialStarted) -> TrialUnderWay:
        """A trial is running."""
        curve = dict(event["rungs"])
        trial = TrialUnderWay(
            event["number"],
            event["epochs"],
            settings_text(event["params"]),
            self.clock(),
            epoch=max(curve, default=0),
            curve=curve,
        )
        self.trials[trial.number] = trial
        return trial

    def epoch(self, event: TrialEpoch) -> TrialUnderWay:
        """Record the end of an epoch."""
        trial = self.trials[event["number"]]
        trial.epoch = event["epoch"]
        if event["nme"] is not None:
            trial.curve[trial.epoch] = event["nme"]
        return trial

    def ended(self, event: TrialEnded) -> tuple[TrialUnderWay, bool]:
        """Record the end of a trial; return it, and whether it is the best so far."""
        trial = self.trials[event["number"]]
        trial.ended, trial.epoch = event, event["epochs"]
        if event["state"] in ENDED:
            self.counts[event["state"]] += 1
            self._eta.at(self.finished)
        is_best = event["state"] == "COMPLETE" and (self.best is None or event["values"][0] < self.best[1])
        if is_best:
            self.best = trial.number, event["values"][0]
        return trial, is_best


def settings_text(params: Mapping[str, Any]) -> str:
    """``alpha 2.1, omega 14``: short names, four digits."""
    names = short_names(params)
    return ", ".join(f"{names[path]} {number_text(value)}" for path, value in params.items())


# A running search as lines, for log files.


_ENDINGS = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "WAITING": "put back"}


class LiveLines:
    """A line for each event, written out at once."""

    def __init__(self, stream: IO[str], state: SearchState) -> None:
        self._stream, self._state = stream, state

    def search(self, event: SearchBegins) -> None:
        """Record the start of a search, or its resumption."""
        self._state.search(event)
        self.note(f"search {self._state.name}: {self._standing()}")

    def started(self, event: TrialStarted) -> None:
        """Which settings are tried."""
        trial = self._state.started(event)
        self._say(trial.number, f"goes on after epoch {trial.epoch}" if trial.epoch else "begins", trial.settings)

    def epoch(self, event: TrialEpoch) -> None:
        """How far it came."""
        trial = self._state.epoch(event)
        nme = "-" if event["nme"] is None else f"{100 * event['nme']:.2f} %"
        words = [f"epoch {trial.epoch:>{len(str(trial.epochs))}}/{trial.epochs}", f"NME {nme:>8}"]
        self._say(trial.number, *words, *(["rung"] if trial.epoch in self._state.rungs else []))

    def ended(self, event: TrialEnded) -> None:
        """Show the end of a trial, and the state of the search."""
        trial, is_best = self._state.ended(event)
        words = [
            f"{_ENDINGS.get(event['state'], event['state'])} after {event['epochs']} of {trial.epochs} epochs"
        ]
        if event["values"]:
            words.append(self._state.unit.text(event["values"][0]) + (" best" if is_best else ""))
        if event["cause"]:
            words.append(cause_line(event["cause"]))
        self._say(trial.number, *words, clock_text(event["seconds"]), f"({self._standing()})")

    def note(self, text: str) -> None:
        """Write a line."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line is already printed."""

    def _say(self, number: int, *words: str) -> None:
        width = len(str((self._state.total or 1000) - 1))
        self.note("  ".join([f"trial {number:>{width}}", *words]))

    def _standing(self) -> str:
        return standing(self._state)


def standing(state: SearchState) -> str:
    """``12 of 30 trials, 1 failed, best 4.31 % (trial 7), ETA 0:12:00``."""
    words = [f"{state.finished} trials" if state.total is None else f"{state.finished} of {state.total} trials"]
    if state.counts["FAIL"]:
        words.append(f"{state.counts['FAIL']} failed")
    if state.best is not None:
        words.append(f"best {state.unit.text(state.best[1])} (trial {state.best[0]})")
    words.append(f"ETA {clock_text(state.seconds_left)}")
    return ", ".join(words)


# A running search as a table that is drawn anew in place, for terminals.


_ENDED_SHOWN = 6
_PER_SECOND = 2
_STYLES = {"COMPLETE": "green", "PRUNED": "dim", "FAIL": "red", "WAITING": "dim"}


class LiveTable:
    """Running trials and the last that ended; it stays, as it is, when the display closes."""

    def __init__(self, console: Console, state: SearchState) -> None:
        self._state = state
        self._lock = Lock()  # rich draws from a thread of its own
        self._live = Live(
            console=console, refresh_per_second=_PER_SECOND, get_renderable=self._draw, vertical_overflow="crop"
        )

    def search(self, event: SearchBegins) -> None:
        """Draw the empty table."""
        with self._lock:
            self._state.search(event)
        self._live.start()

    def started(self, event: TrialStarted) -> None:
        """Another line."""
        with self._lock:
            self._state.started(event)

    def epoch(self, event: TrialEpoch) -> None:
        """A line changes."""
        with self._lock:
            self._state.epoch(event)

    def ended(self, event: TrialEnded) -> None:
        """A line moves to the ended ones."""
        with self._lock:
            self._state.ended(event)

    def note(self, text: str) -> None:
        """Print a line above the table."""
        self._live.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        """Leave the table as it stands."""
        self._live.stop()

    def _draw(self) -> Group:
        with self._lock:
            return Group(self._table(), self._footer())

    def _table(self) -> Table:
        state = self._state
        table = Table(
            box=box.SIMPLE_HEAD,
            collapse_padding=True,
            pad_edge=False,
            header_style="bold",
            title=f"search {state.name}",
            title_justify="left",
            expand=True,
        )
        for heading in ("trial", "epoch", "NME %", *(f"@{rung}" for rung in state.rungs), "time"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("settings", no_wrap=True, overflow="ellipsis", ratio=1, min_width=16)
        trials = list(state.trials.values())
        ended = [trial for trial in trials if trial.ended is not None][-_ENDED_SHOWN:]
        for trial in [*ended, *(trial for trial in trials if trial.ended is None)]:
            self._row(table, trial)
        return table

    def _row(self, table: Table, trial: TrialUnderWay) -> None:
        state, curve = self._state, trial.curve
        ended = trial.ended
        is_best = state.best is not None and state.best[0] == trial.number
        last = curve[max(curve)] if curve else None
        words = STATE_WORDS["RUNNING" if ended is None else ended["state"]]
        table.add_row(
            str(trial.number),
            f"{trial.epoch}/{trial.epochs}",
            _percent(last),
            *(_percent(curve.get(rung)) for rung in state.rungs),
            clock_text(state.clock() - trial.begun if ended is None else ended["seconds"]),
            f"{words}, best" if is_best else words,
            Text(cause_line(ended["cause"]) if ended is not None and ended["cause"] else trial.settings),
            style="bold green" if is_best else _STYLES.get(ended["state"] if ended is not None else "", ""),
        )

    def _footer(self) -> Text:
        state = self._state
        counts = ", ".join(
            f"{state.counts[name]} {word}" for name, word in STATE_WORDS.items() if state.counts[name]
        )
        words = [
            f"{state.finished}{'' if state.total is None else f' of {state.total}'} trials"
            + (f" ({counts})" if counts else "")
        ]
        if state.best is not None:
            words.append(f"best {state.unit.text(state.best[1])} (trial {state.best[0]})")
        if state.budget_left is not None:
            words.append(f"{clock_text(state.budget_left)} of the hours left")
        words.append(f"ETA {clock_text(state.seconds_left)}")
        return Text(" · ".join(words))


def _percent(nme: float | None) -> str:
    return "-" if nme is None else f"{100 * nme:.2f}"


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
