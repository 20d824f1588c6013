"""A trial that needs one process: trained in Tune's own, which saves the seconds that Ray Train takes to start."""

from contextlib import closing
from pathlib import Path

from facealign import tracking
from facealign.cluster.channel import StopWatch
from facealign.cluster.search.task import Common, Tell, TrialTask, told_of
from facealign.config.device import device_named
from facealign.tracking import Run, Tracker
from facealign.training import World, fit
from facealign.training.kept import KeptCheckpoints
from facealign.training.progress import Progress


def train_here(
    task: TrialTask, common: Common, run: Run | None, watch: StopWatch, tell: Tell
) -> tuple[Progress, Path | None]:
    """Train in this process; returns how far it came, and its best model's folder, None while there is none."""
    kept = KeptCheckpoints(Path(common.folder(task.number)))
    device = device_named(None)  # Ray shows a process its own GPUs alone
    with (
        tracking.system_metrics(run, common.spool, "node0"),
        closing(tracking.tracker_for(run, common.spool)) as tracker,
    ):
        progress = fit(task.job, World(device=device), _TrialEvents(kept, tracker, watch, tell), kept.last)
    return progress, kept.best


class _TrialEvents:
    """Tells the tracker and the driver, keeps checkpoints, and stops when the driver wishes it."""

    def __init__(self, kept: KeptCheckpoints, tracker: Tracker, watch: StopWatch, tell: Tell) -> None:
        self._kept, self._tracker, self._watch, self._tell = kept, tracker, watch, tell
        self._news: Progress | None = None

    def log(self, metrics: dict[str, float], step: int) -> None:
        self._tracker.metrics(metrics, step)

    def epoch(self, progress: Progress, step: int) -> None:
        self._tracker.metrics(progress.figures(), step)
        self._news = progress

    def checkpoint(self, folder: Path | None, score: float) -> None:
        assert folder is not None, "the only process is the main one"
        self._kept.keep(folder)
        if self._news is not None:  # told when it is kept: a trial that goes on never has to tell less than before
            news, self._news = self._news, None
            self._tell(told_of(news))

    def stop_requested(self) -> bool:
        return self._watch.requested
