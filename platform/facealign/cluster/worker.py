"""The training function of a Ray Train worker."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.train
import ray.train.torch
import torch

from facealign.cluster import ray_callbacks
from facealign.cluster.channel import StopWatch
from facealign.cluster.failures import Preempted, is_full, no_room, to_driver_error
from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.tracking import Run, Tracker, system_metrics, tracker_for
from facealign.training import TrainJob, World, fit
from facealign.training.callback import epoch_event, log_event, resumed_event
from facealign.training.checkpoint import read_progress
from facealign.training.progress import Progress


@dataclass(frozen=True)
class WorkerTask:
    """Handed to every worker."""

    job: TrainJob
    channel: Any
    run: Run | None
    spool: Path


def train_worker(config: dict[str, Any]) -> None:
    """Train as one of the world's processes, from the last checkpoint if the run has one.

    Raises:
        Preempted: The training stepped aside, for Ray to start it again.
        Exception: What may heal as it is, what cannot as ``NonRetryableError``.
    """
    task: WorkerTask = config["task"]
    context = ray.train.get_context()
    world = World(context.get_world_rank(), context.get_world_size(), ray.train.torch.get_device())
    is_first_of_node = context.get_local_rank() == 0
    use_own_cpus()
    try:
        if is_first_of_node:  # whose disk or cache has the shards
            _check_shards(task.job)
        with (
            system_metrics(task.run if is_first_of_node else None, task.spool, f"node{context.get_node_rank()}"),
            closing(tracker_for(task.run if world.is_main else None, task.spool)) as tracker,
            closing(StopWatch(task.channel)) as watch,
            _last_checkpoint() as folder,
        ):
            if folder is not None and world.is_main:
                task.channel.put.remote(resumed_event(read_progress(folder)))
            progress = fit(task.job, world, _WorkerCallback(task.channel, tracker, watch), folder)
        # Stopped before the end: by the driver's request, or because some worker or node was given notice.
        if not progress.is_done(task.job.train):
            notified = _notified(world)
            if ray.get(task.channel.control_request.remote()) != "stop":
                raise Preempted(notified)
    except Exception as error:
        if ray_callbacks.termination_requested():  # a node that ends takes files and processes along, in any order
            raise Preempted((world.rank,)) from error
        driver_error = to_driver_error(error)
        if driver_error is error:
            raise
        raise driver_error from None


def _notified(world: World) -> tuple[int, ...]:
    """Gather the ranks of the workers that received SIGTERM, so that each of them reports the same cause."""
    own = ray_callbacks.termination_requested()
    try:
        return tuple(rank for rank, notified in enumerate(world.gather(own)) if notified)
    except RuntimeError:  # a worker that was notified may be gone already
        return (world.rank,) if own else ()


def use_own_cpus() -> None:
    """Compute on as many threads as Ray has reserved CPUs.

    Without this ``OMP_NUM_THREADS`` of the user's shell counts for each worker, and workers that together have
    more threads than CPUs take several times as long.
    """
    torch.set_num_threads(max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1))))


def _check_shards(job: TrainJob) -> None:
    """Compare every byte that will be learned from with its digest: an image decodes with many a byte changed."""
    for fold in ("train", "val"):
        ShardReader(job.shards, fold).check()


@contextmanager
def _last_checkpoint() -> Iterator[Path | None]:
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        yield None
        return
    with checkpoint.as_directory() as folder:
        yield Path(folder)


class _WorkerCallback:
    """Callback of a worker: reports to driver and tracker, and hands checkpoints to Ray."""

    def __init__(self, channel: Any, tracker: Tracker, watch: StopWatch) -> None:
        self._channel, self._tracker, self._watch = channel, tracker, watch

    def log(self, metrics: dict[str, float], step: int) -> None:
        self._tracker.metrics(metrics, step)
        self._channel.put.remote(log_event(metrics, step))

    def epoch(self, progress: Progress, step: int) -> None:
        self._tracker.metrics(progress.metrics(), step)
        self._channel.put.remote(epoch_event(progress))

    def checkpoint(self, folder: Path | None, score: float) -> None:
        checkpoint = ray.train.Checkpoint.from_directory(folder) if folder else None
        try:
            ray.train.report({"validation_nme": score}, checkpoint=checkpoint)
        except OSError as error:
            if not is_full(error):
                raise
            raise UserError(no_room(ray.train.get_context().get_storage().experiment_fs_path, error)) from None

    def stop_requested(self) -> bool:
        return self._watch.requested or ray_callbacks.termination_requested()
