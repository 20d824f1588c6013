"""Runs a training on Ray Train; the driver's side."""

from pathlib import Path

from facealign.cluster.channel import driver_lock
from facealign.cluster.config import ClusterConfig
from facealign.cluster.failures import translate_ray_errors
from facealign.cluster.session import session
from facealign.cluster.trainer import OnEvent, build_trainer, fetch_best, folder_of, follow, progress_of, scaling
from facealign.cluster.worker import WorkerTask
from facealign.storage import uris
from facealign.tracking import Run
from facealign.training import TrainJob
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped, StopSignals


def interrupted(job: TrainJob, config: ClusterConfig) -> bool:
    """Whether an earlier training of this job left something to go on from."""
    return uris.exists(folder_of(job, config.storage))


def delete_checkpoints(job: TrainJob, config: ClusterConfig) -> None:
    """Delete the checkpoints of a finished training, once all that it is for has been kept."""
    uris.remove(folder_of(job, config.storage))


def train(
    job: TrainJob,
    config: ClusterConfig,
    run: Run | None,
    spool: Path,
    best_model: Path,
    on_event: OnEvent,
) -> Progress:
    """Train ``job`` and put the model with the lowest validation NME into the folder ``best_model``.

    A training of the same job that was cut off goes on where its last checkpoint stands, and one that is done is
    not done again, until ``delete_checkpoints``.

    Args:
        run: The run that metrics go to; None for nowhere.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        on_event: Called in this thread with each event: ``{"kind": "log" | "epoch", …}`` by the workers,
            ``stopping`` with ``signal``, ``restart`` with ``attempt``, ``of`` and ``reason``, and ``resize`` with
            ``workers`` and ``before``.

    Returns:
        The finished training's history.

    Raises:
        Stopped: SIGINT or SIGTERM came; a checkpoint has been saved.
        UserError: There is something for the user to fix, the cluster is too small, another driver trains the job
            already, or workers and nodes were lost more often than the settings allow.
        WorkerFailed: The program has a mistake.
    """
    folder = folder_of(job, config.storage)
    with session(config.address), StopSignals() as signals:
        scaling_config = scaling(config)
        with driver_lock(folder) as channel, translate_ray_errors(folder):
            task = WorkerTask(job=job, channel=channel, run=run, spool=spool)
            trainer = build_trainer(task, config.storage, config, scaling_config)
            result = follow(
                trainer, channel, lambda: signals.received.name if signals.received else None, on_event
            )
            progress = progress_of(result)
            if not progress.is_done(job.train):
                assert signals.received is not None, "no other request ends a training before its end"
                raise Stopped(progress, signals.received)
            fetch_best(result, best_model)
    return progress
