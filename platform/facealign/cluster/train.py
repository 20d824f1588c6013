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
from facealign.cluster.channel import Channel
from facealign.cluster.config import ClusterConfig
from facealign.cluster.session import session
from facealign.cluster.worker import WorkerTask, train_worker
from facealign.config import UserError
from facealign.tracking import RunHandle
from facealign.training import TrainJob
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped, StopSignals

OnEvent = Callable[[dict[str, Any]], None]
_POLL_SECONDS = 0.3


def interrupted(job: TrainJob, config: ClusterConfig) -> bool:
    """Whether an earlier training of this job left something to go on from."""
    return storage.exists(storage.join(config.storage, job.name))


def forget(job: TrainJob, config: ClusterConfig) -> None:
    """Delete the checkpoints of a finished training, once all that it is for has been kept."""
    storage.remove(storage.join(config.storage, job.name))


def train(
    job: TrainJob,
    config: ClusterConfig,
    run: RunHandle | None,
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
        on_event: Called in this thread with what the workers tell: ``{"kind": "log" | "epoch" | "stopping", …}``.

    Returns:
        The finished training's history.

    Raises:
        Stopped: SIGINT or SIGTERM came; a checkpoint has been saved.
        UserError: The workers found something for the user to mend, or the cluster is too small.
    """
    with session(config.address), StopSignals() as signals:
        channel = Channel.remote()  # type: ignore[attr-defined]
        task = WorkerTask(job=job, channel=channel, run=run, spool=spool)
        trainer = TorchTrainer(
            train_worker,
            train_loop_config={"task": task},
            scaling_config=_scaling(config),
            run_config=RunConfig(
                name=job.name,
                storage_path=storage.absolute(config.storage),
                failure_config=FailureConfig(
                    max_failures=config.max_failures, controller_failure_limit=config.max_failures
                ),
                checkpoint_config=CheckpointConfig(
                    num_to_keep=2, checkpoint_score_attribute="validation_nme", checkpoint_score_order="min"
                ),
            ),
        )
        result = _follow(trainer, channel, signals, on_event)
        progress = _progress(result)
        if not progress.is_done(job.train) and signals.received is not None:
            raise Stopped(progress, signals.received)
        _fetch_best(result, best_model)
    return progress


def _scaling(config: ClusterConfig) -> ScalingConfig:
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    use_gpu = config.device == "gpu" or (config.device == "auto" and gpus >= config.workers)
    if use_gpu and gpus < config.workers:
        raise UserError(
            f"cluster.workers is {config.workers} with a GPU each, but the cluster has {gpus}; "
            "lower workers, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or max(cpus // config.workers, 1)
    if share * config.workers > cpus:
        raise UserError(
            f"{config.workers} workers with {share} CPUs each need {share * config.workers}, but the cluster has "
            f"{cpus}; lower cluster.workers or cluster.cpus_per_worker"
        )
    return ScalingConfig(
        num_workers=config.workers, use_gpu=use_gpu, resources_per_worker={"CPU": share, "GPU": int(use_gpu)}
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
    """Hand on what the workers told; what the user has to mend is raised at once, before Ray tries again."""
    for event in ray.get(channel.take.remote()):
        if event["kind"] == "error":
            raise UserError(event["message"])
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
