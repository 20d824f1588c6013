"""A running search as lines, for log files."""

from typing import IO

from facealign.report.eta import clock_text
from facealign.report.search.live_state import SearchState
from facealign.report.search.words import cause_line
from facealign.search.events import SearchBegins, TrialEnded, TrialEpoch, TrialStarted

_ENDINGS = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "WAITING": "put back"}


class LiveLines:
    """A line for each event, written out at once."""

    def __init__(self, stream: IO[str], state: SearchState) -> None:
        self._stream, self._state = stream, state

    def search(self, event: SearchBegins) -> None:
        """How far an earlier process came, and what is left."""
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
        """What it came to, and how the search stands."""
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
        """Every line is out already."""

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
