import io
import re

import pytest
from rich.console import Console

from facealign.report.progress import BarProgress, Eta, LineProgress, clock_text, progress_for, training_progress


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def train(progress, clock, first=1, epochs=4, seconds_per_step=3.0):
    """Epochs of ten steps; NME 20 %, 10 %, 12 %, 5 %."""
    progress.start(epochs, 10)
    for epoch in range(first, epochs + 1):
        for step in (5, 10):
            clock.now += 5 * seconds_per_step
            progress.step(epoch, step, 0.5 / epoch, 123.4)
        progress.epoch(epoch, {"loss": 0.5 / epoch, "validation_nme": (0.20, 0.10, 0.12, 0.05)[epoch - 1]})
    progress.close()


def test_a_line_for_each_epoch():
    stream, clock = io.StringIO(), Clock()
    train(LineProgress(stream, clock), clock)
    assert stream.getvalue().splitlines() == [
        "epoch 1/4  loss 0.5        NME  20.00 % best    123.4 images/s  ETA 0:01:30",
        "epoch 2/4  loss 0.25       NME  10.00 % best    123.4 images/s  ETA 0:01:00",
        "epoch 3/4  loss 0.1667     NME  12.00 %         123.4 images/s  ETA 0:00:30",
        "epoch 4/4  loss 0.125      NME   5.00 % best    123.4 images/s  ETA 0:00:00",
    ]


def test_an_epoch_that_was_not_measured_shows_no_nme():
    lines, drawn = io.StringIO(), io.StringIO()
    bar = BarProgress(Console(file=drawn, force_terminal=True, width=100, color_system=None), Clock())
    for progress in (LineProgress(lines, Clock()), bar):
        progress.start(3, 10)
        for epoch, nme in ((1, None), (2, 0.1), (3, None)):
            progress.epoch(epoch, {"loss": 0.5, "validation_nme": nme})
        progress.close()
    metrics = [line[line.index("NME") : line.index("images")] for line in lines.getvalue().splitlines()]
    assert len(set(map(len, metrics))) == 1
    assert [figure.split()[1] for figure in metrics] == ["-", "10.00", "-"]
    assert "best" in metrics[1]
    assert "NME 10.00 % (best 10.00)" in drawn.getvalue().splitlines()[-2]


def test_a_resumed_training_judges_by_its_own_pace_and_claims_no_best():
    stream, clock = io.StringIO(), Clock()
    train(LineProgress(stream, clock), clock, first=3)
    lines = stream.getvalue().splitlines()
    assert [line[:9] for line in lines] == ["epoch 3/4", "epoch 4/4"]
    assert lines[0].endswith("ETA 0:00:30")
    assert "best" not in stream.getvalue()


def test_the_bar_shows_epoch_loss_nme_and_eta():
    stream, clock = io.StringIO(), Clock()
    bar = BarProgress(Console(file=stream, force_terminal=True, width=100, color_system=None), clock)
    train(bar, clock)
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    last = frames.replace("\r", "\n").strip().splitlines()[-1]
    for shown in ("epoch 4/4", "loss 0.125", "NME 5.00 % (best 5.00)", "123 img/s", "ETA 0:00:00"):
        assert shown in last


def test_the_bar_fits_80_columns():
    stream, clock = io.StringIO(), Clock()
    bar = BarProgress(Console(file=stream, force_terminal=True, width=80, color_system=None), clock)
    train(bar, clock)
    assert "…" not in stream.getvalue()


def test_the_stream_decides():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert isinstance(progress_for(io.StringIO()), LineProgress)
    assert isinstance(progress_for(Terminal()), BarProgress)


def test_events_of_the_workers_become_lines():
    stream = io.StringIO()
    with training_progress(2, 10, stream) as show:
        show({"kind": "log", "step": 10, "train/loss": 0.5, "train/images_per_second": 99.0, "train/lr": 0.1})
        show({"kind": "epoch", "epoch": 1, "loss": 0.5, "validation_nme": 0.1, "lr": 0.1, "seconds": 3.0})
        show({"kind": "restart", "attempt": 1, "of": 3, "reason": "worker 1 was lost with its node"})
        show({"kind": "resize", "workers": 1, "before": 2})
        show({"kind": "stopping", "signal": "SIGTERM"})
    epoch, restart, resize, stopping = stream.getvalue().splitlines()
    assert epoch.startswith("epoch 1/2  loss 0.5")
    assert epoch.endswith("ETA -:--:--")  # one position is no pace
    assert restart == "worker 1 was lost with its node; restart 1 of at most 3, from the last checkpoint"
    assert resize == "going on with 1 workers instead of 2"
    assert stopping == "SIGTERM: saving a checkpoint, then stopping; a second one ends at once"


def test_an_error_in_the_block_passes_and_the_display_closes():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with pytest.raises(RuntimeError, match="of a worker"), training_progress(2, 10, stream):
        raise RuntimeError("of a worker")
    assert stream.getvalue().endswith("\n\x1b[?25h")  # the cursor is shown again


@pytest.mark.parametrize(("step", "expected"), [(1, (1, 1)), (10, (1, 10)), (11, (2, 1)), (20, (2, 10))])
def test_a_global_step_is_an_epoch_and_a_step(step, expected, monkeypatch):
    seen = []
    monkeypatch.setattr(LineProgress, "step", lambda self, epoch, at, loss, rate: seen.append((epoch, at)))
    with training_progress(2, 10, io.StringIO()) as show:
        show({"kind": "log", "step": step, "train/loss": 0.5, "train/images_per_second": 99.0})
    assert seen == [expected]


def test_eta():
    clock = Clock()
    eta = Eta(clock)
    assert eta.left(100) is None
    eta.at(20)
    assert eta.left(100) is None
    clock.now += 30
    eta.at(30)
    assert eta.left(100) == pytest.approx(70 * 3)
    assert clock_text(None) == "-:--:--"
    assert [clock_text(s) for s in (0, 59.6, 3661, 360_000)] == ["0:00:00", "0:01:00", "1:01:01", "100:00:00"]
