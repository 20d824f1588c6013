"""What each Ray Train worker runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.train
import ray.train.torch

from facealign.cluster.channel import StopWatch
from facealign.config import UserError
from facealign.tracking import RunHandle, Tracker, tracker_for
from facealign.training import TrainJob, World, fit
from facealign.training.events import epoch_event, log_event
from facealign.training.progress import Progress


@dataclass(frozen=True)
class WorkerTask:
    """Handed to every worker."""

    job: TrainJob
    channel: Any
    run: RunHandle | None
    spool: Path


def train_worker(config: dict[str, Any]) -> None:
    """Train as one of the world's processes, from the last checkpoint if the run has one."""
    task: WorkerTask = config["task"]
    context = ray.train.get_context()
    world = World(context.get_world_rank(), context.get_world_size(), ray.train.torch.get_device())
    tracker = tracker_for(task.run if world.is_main else None, task.spool)
    watch = StopWatch(task.channel)
    try:
        with _last_checkpoint() as folder:
            fit(task.job, world, _WorkerEvents(task.channel, tracker, watch), folder)
    except UserError as error:
        # Nothing that Ray could try again would mend it, so the driver hears of it first.
        ray.get(task.channel.put.remote({"kind": "error", "message": str(error)}))
        raise
    finally:
        watch.close()
        tracker.close()


@contextmanager
def _last_checkpoint() -> Iterator[Path | None]:
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        yield None
        return
    with checkpoint.as_directory() as folder:
        yield Path(folder)


class _WorkerEvents:
    """Tells the driver's screen and the tracker, and hands checkpoints to Ray."""

    def __init__(self, channel: Any, tracker: Tracker, watch: StopWatch) -> None:
        self._channel, self._tracker, self._watch = channel, tracker, watch

    def log(self, metrics: dict[str, float], step: int) -> None:
        self._tracker.metrics(metrics, step)
        self._channel.put.remote(log_event(metrics, step))

    def epoch(self, progress: Progress, step: int) -> None:
        self._tracker.metrics(progress.figures(), step)
        self._channel.put.remote(epoch_event(progress))

    def checkpoint(self, folder: Path | None, score: float) -> None:
        checkpoint = ray.train.Checkpoint.from_directory(folder) if folder else None
        ray.train.report({"validation_nme": score}, checkpoint=checkpoint)

    def stop_requested(self) -> bool:
        return self._watch.requested
