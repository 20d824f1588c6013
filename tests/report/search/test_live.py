import io
import re
import subprocess
import sys

import pytest
from rich.console import Console

from facealign.report.search.live import LiveTable, SearchState, search_progress
from facealign.search.events import Note, SearchBegins, TrialEnded, TrialEpoch, TrialStarted


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def begins(**others):
    event = {"trials": 30, "seconds_left": 5400.0, "ended": {"COMPLETE": 2, "PRUNED": 3}, "best": (3, 0.0511)}
    return SearchBegins(kind="search", name="awing-4f1c", objectives=("nme",), rungs=(1, 3), **{**event, **others})


def started(number, **rungs):
    params = {"method.awing.model.loss.params.alpha": 2.123456, "method.awing.model.loss.name": "awing"}
    rungs = {int(epoch[1:]): nme for epoch, nme in rungs.items()}
    return TrialStarted(kind="trial_started", number=number, params=params, epochs=9, rungs=rungs)


def epoch(number, at, nme):
    return TrialEpoch(kind="trial_epoch", number=number, epoch=at, nme=nme)


def ended(number, state, *values, epochs=9, cause=None):
    return TrialEnded(
        kind="trial_ended", number=number, state=state, values=values, epochs=epochs, seconds=270.0, cause=cause
    )


EVENTS = (
    started(5),
    started(6, e1=0.21),
    epoch(5, 1, 0.2),
    epoch(5, 2, None),
    ended(6, "PRUNED", epochs=3),
    Note(kind="note", text="a node was lost"),
    ended(5, "COMPLETE", 0.0422),
    started(7),
    ended(7, "FAIL", epochs=0, cause="RuntimeError: NaN\x1b[31m"),
    started(8),
    ended(8, "WAITING", epochs=1),
)


def test_a_line_for_each_event():
    stream, clock = io.StringIO(), Clock()
    with search_progress(stream, clock) as show:
        show(begins())
        for event in EVENTS:
            clock.now += 30
            show(event)
    assert stream.getvalue().splitlines() == [
        "search awing-4f1c: 5 of 30 trials, best 5.11 % (trial 3), ETA 1:30:00",
        "trial  5  begins  alpha 2.123, loss.name awing",
        "trial  6  goes on after epoch 1  alpha 2.123, loss.name awing",
        "trial  5  epoch 1/9  NME  20.00 %  rung",
        "trial  5  epoch 2/9  NME        -",
        "trial  6  pruned after 3 of 9 epochs  0:04:30  (6 of 30 trials, best 5.11 % (trial 3), ETA 1:00:00)",
        "a node was lost",
        "trial  5  finished after 9 of 9 epochs  4.22 % best  0:04:30  "
        "(7 of 30 trials, best 4.22 % (trial 5), ETA 0:40:15)",
        "trial  7  begins  alpha 2.123, loss.name awing",
        "trial  7  failed after 0 of 9 epochs  RuntimeError: NaN\\x1b[31m  0:04:30  "
        "(7 of 30 trials, 1 failed, best 4.22 % (trial 5), ETA 0:51:45)",
        "trial  8  begins  alpha 2.123, loss.name awing",
        "trial  8  put back after 1 of 9 epochs  0:04:30  "
        "(7 of 30 trials, 1 failed, best 4.22 % (trial 5), ETA 0:51:45)",
    ]


@pytest.mark.parametrize(
    ("left", "trials", "eta"),
    [(None, 30, 29 * 60.0), (100.0, 30, 40.0), (100.0, None, 40.0), (None, None, None)],
)
def test_the_end_comes_by_trials_or_by_hours(left, trials, eta):
    clock = Clock()
    state = SearchState(clock)
    state.search(begins(seconds_left=left, trials=trials, ended={}, best=None))
    state.started(started(0))
    clock.now = 60.0
    state.ended(ended(0, "COMPLETE", 0.05))
    assert state.seconds_left == eta


def test_the_table_holds_what_runs_and_the_last_that_ended():
    stream, clock = io.StringIO(), Clock()
    table = LiveTable(Console(file=stream, force_terminal=True, width=80, color_system=None), SearchState(clock))
    table.search(begins())
    for number in range(5, 15):
        table.started(started(number))
        table.epoch(epoch(number, 1, 0.2))
        if number < 13:
            table.ended(ended(number, "PRUNED" if number < 12 else "COMPLETE", *([0.04] if number == 12 else [])))
    table.close()
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    last = frames[frames.rindex("search awing-4f1c") :]
    lines = [line.split() for line in last.splitlines() if re.match(r" +\d+ +\d/9", line)]
    assert [int(line[0]) for line in lines] == [7, 8, 9, 10, 11, 12, 13, 14]
    assert lines[-1][1:5] == ["1/9", "20.00", "20.00", "-"]
    assert "finished, best" in last
    assert "running" in last
    assert "13 of 30 trials (3 finished, 10 pruned) · best 4.00 % (trial 12)" in last
    assert max(map(len, frames.splitlines())) <= 80


def test_an_error_in_the_block_passes_and_the_display_closes():
    stream = Terminal()

    def fail(show):
        show(begins())
        raise RuntimeError("of the search")

    with pytest.raises(RuntimeError, match="of the search"), search_progress(stream) as show:
        fail(show)
    assert stream.getvalue().endswith("\n\x1b[?25h")  # the cursor is shown again


def test_the_display_has_no_use_for_what_draws_pictures():
    code = "import sys, facealign.report.search.live; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"matplotlib", "optuna", "scipy", "torch", "jinja2"}.isdisjoint(done.stdout.split())
