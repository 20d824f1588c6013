"""One training on Ray Train, seen from the driver."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import ray
from ray.train import CheckpointConfig, FailureConfig, Result, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from facealign.cluster import storage
from facealign.cluster.claim import claimed
from facealign.cluster.config import ClusterConfig
from facealign.cluster.endings import explained
from facealign.cluster.notice import TerminationNotice
from facealign.cluster.restarts import Restarts
from facealign.cluster.scaling import scaling
from facealign.cluster.session import session
from facealign.cluster.snapshot import SnapshotCopy, mend_snapshot
from facealign.cluster.worker import WorkerTask, train_worker
from facealign.tracking import Run
from facealign.training import TrainJob
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped, StopSignals

OnEvent = Callable[[dict[str, Any]], None]
_POLL_SECONDS = 0.3


def interrupted(job: TrainJob, config: ClusterConfig) -> bool:
    """Whether an earlier training of this job left something to go on from."""
    return storage.exists(_folder(job, config))


def forget(job: TrainJob, config: ClusterConfig) -> None:
    """Delete the checkpoints of a finished training, once all that it is for has been kept."""
    storage.remove(_folder(job, config))


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
    not done again, until ``forget``.

    Args:
        run: The run that metrics go to; None for nowhere.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        on_event: Called in this thread with what is told: ``{"kind": "log" | "epoch", …}`` by the workers,
            ``stopping`` with ``signal``, ``restart`` with ``attempt``, ``of`` and ``reason``, and ``resize`` with
            ``workers`` and ``before``.

    Returns:
        The finished training's history.

    Raises:
        Stopped: SIGINT or SIGTERM came; a checkpoint has been saved.
        UserError: There is something for the user to mend, the cluster is too small, another driver trains the job
            already, or workers and nodes were lost more often than the settings allow.
        WorkerFailed: The program has a mistake.
    """
    with session(config.address), StopSignals() as signals:
        scaling_config = scaling(config)
        with claimed(_folder(job, config)) as channel, explained(_folder(job, config)):
            trainer = _trainer(WorkerTask(job=job, channel=channel, run=run, spool=spool), config, scaling_config)
            result = _follow(trainer, channel, signals, on_event)
            progress = _progress(result)
            if not progress.is_done(job.train):
                assert signals.received is not None, "no other wish ends a training before its end"
                raise Stopped(progress, signals.received)
            _fetch_best(result, best_model)
    return progress


def _folder(job: TrainJob, config: ClusterConfig) -> str:
    return storage.join(storage.absolute(config.storage), job.name)


def _trainer(task: WorkerTask, config: ClusterConfig, scaling_config: ScalingConfig) -> TorchTrainer:
    folder = _folder(task.job, config)
    mend_snapshot(folder)
    restarts = Restarts(task.channel, config.max_failures, config.max_preemptions)
    return TorchTrainer(
        train_worker,
        train_loop_config={"task": task},
        scaling_config=scaling_config,
        run_config=RunConfig(
            name=task.job.name,
            storage_path=storage.absolute(config.storage),
            callbacks=[TerminationNotice(), restarts, SnapshotCopy(folder)],
            # `restarts` says how often, because Ray tells less apart; -1 leaves it to that alone.
            failure_config=FailureConfig(max_failures=-1, controller_failure_limit=-1, max_preemption_failures=-1),
            checkpoint_config=CheckpointConfig(
                num_to_keep=2, checkpoint_score_attribute="validation_nme", checkpoint_score_order="min"
            ),
        ),
    )


def _follow(trainer: TorchTrainer, channel: Any, signals: StopSignals, on_event: OnEvent) -> Result:
    """Run the trainer in a thread, because in the main one Ray would take Ctrl-C as an order to abort.

    An error, or a second signal, leaves the trainer where it is: it ends with the connection to Ray.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="ray-train")
    future: Future[Result] = executor.submit(trainer.fit)
    executor.shutdown(wait=False)
    asked = False
    while not wait([future], timeout=_POLL_SECONDS).done:
        if signals.received is not None and not asked:
            on_event({"kind": "stopping", "signal": signals.received.name})
            ray.get(channel.request_stop.remote())
            asked = True
        _pass_on(channel, on_event)
    _pass_on(channel, on_event)
    return future.result()


def _pass_on(channel: Any, on_event: OnEvent) -> None:
    for event in ray.get(channel.take.remote()):
        on_event(event)


def _progress(result: Result) -> Progress:
    assert result.checkpoint is not None, "a training ends with a checkpoint"
    with result.checkpoint.as_directory() as folder:
        return Progress.model_validate_json((Path(folder) / "progress.json").read_text(encoding="utf-8"))


def _fetch_best(result: Result, best_model: Path) -> None:
    best = result.get_best_checkpoint("validation_nme", "min")
    assert best is not None, "every epoch reports a checkpoint"
    shutil.rmtree(best_model, ignore_errors=True)
    best_model.mkdir(parents=True)
    with best.as_directory() as folder:
        for name in ("weights.safetensors", "model.json"):
            shutil.copy(Path(folder) / name, best_model / name)
