"""A running search as a table that is drawn anew in place, for terminals."""

from threading import Lock

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from facealign.report.eta import clock_text
from facealign.report.search.live_state import SearchState, TrialUnderWay
from facealign.report.search.words import STATE_WORDS, cause_line
from facealign.search.events import SearchBegins, TrialEnded, TrialEpoch, TrialStarted

_ENDED_SHOWN = 6
_PER_SECOND = 2
_STYLES = {"COMPLETE": "green", "PRUNED": "dim", "FAIL": "red", "WAITING": "dim"}


class LiveTable:
    """Trials under way and the last that ended; it stays, as it is, when the display closes."""

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
