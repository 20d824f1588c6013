"""A training on Ray Train, built and followed: by the driver of one training, and by each trial of a search."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import ray
from ray.train import CheckpointConfig, FailureConfig, Result, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from facealign.cluster.config import ClusterConfig
from facealign.cluster.ray_callbacks import Restarts, SnapshotCopy, TerminationNotice, repair_snapshot
from facealign.cluster.worker import WorkerTask, train_worker
from facealign.config import UserError
from facealign.storage import uris
from facealign.training import TrainJob
from facealign.training.memory import WORKER_ENVIRONMENT
from facealign.training.progress import Progress

OnEvent = Callable[[dict[str, Any]], None]
_POLL_SECONDS = 0.3


def folder_of(job: TrainJob, place: str) -> str:
    """Return the folder or URI of a training's checkpoints, below the storage."""
    return uris.join(uris.absolute(place), job.name)


def build_trainer(task: WorkerTask, place: str, config: ClusterConfig, scaling: ScalingConfig) -> TorchTrainer:
    """Build the trainer of ``task``, with its checkpoints below ``place``; it resumes from existing ones."""
    folder = folder_of(task.job, place)
    repair_snapshot(folder)
    restarts = Restarts(task.channel, config.max_failures, config.max_preemptions)
    return TorchTrainer(
        train_worker,
        train_loop_config={"task": task},
        scaling_config=scaling,
        run_config=RunConfig(
            name=task.job.name,
            storage_path=uris.absolute(place),
            callbacks=[TerminationNotice(), restarts, SnapshotCopy(folder)],
            # `restarts` says how often, because Ray tells less apart; -1 leaves it to that alone.
            failure_config=FailureConfig(max_failures=-1, controller_failure_limit=-1, max_preemption_failures=-1),
            checkpoint_config=CheckpointConfig(
                num_to_keep=2, checkpoint_score_attribute="validation_nme", checkpoint_score_order="min"
            ),
            worker_runtime_env={"env_vars": WORKER_ENVIRONMENT},
        ),
    )


def follow(
    trainer: TorchTrainer, channel: Any, stop_wanted: Callable[[], str | None], on_event: OnEvent
) -> Result:
    """Run the trainer in a thread, because in the main one Ray would take Ctrl-C as an order to abort.

    An error, or what ``stop_wanted`` and ``on_event`` raise, leaves the trainer where it is: it ends with the
    connection to Ray.

    Args:
        trainer: Of ``build_trainer``.
        channel: To its workers.
        stop_wanted: Who or what wants it saved and stopped, asked again and again; None while nobody does.
        on_event: TrialReport what the workers say, and ``{"kind": "stopping", "signal": …}``.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="ray-train")
    future: Future[Result] = executor.submit(trainer.fit)
    executor.shutdown(wait=False)
    asked = False
    while not wait([future], timeout=_POLL_SECONDS).done:
        control_request = stop_wanted()
        if control_request is not None and not asked:
            on_event({"kind": "stopping", "signal": control_request})
            ray.get(channel.request_stop.remote())
            asked = True
        _pass_on(channel, on_event)
    _pass_on(channel, on_event)
    return future.result()


def progress_of(result: Result) -> Progress:
    """Read the progress of a training from its result."""
    assert result.checkpoint is not None, "a training ends with a checkpoint"
    with result.checkpoint.as_directory() as folder:
        return Progress.model_validate_json((Path(folder) / "progress.json").read_text(encoding="utf-8"))


def fetch_best(result: Result, best_model: Path) -> None:
    """Copy the model with the lowest validation NME into a folder, replacing its content."""
    best = result.get_best_checkpoint("validation_nme", "min")
    assert best is not None, "every epoch reports a checkpoint"
    shutil.rmtree(best_model, ignore_errors=True)
    best_model.mkdir(parents=True)
    with best.as_directory() as folder:
        for name in ("weights.safetensors", "model.json"):
            shutil.copy(Path(folder) / name, best_model / name)


def _pass_on(channel: Any, on_event: OnEvent) -> None:
    for event in ray.get(channel.take.remote()):
        on_event(event)


# What each worker gets of the cluster.


def scaling(config: ClusterConfig) -> ScalingConfig:
    """The settings in Ray's terms, for the cluster as it is now.

    Workers share the cluster's CPUs evenly: of a training with ``{min, max}`` as if all ``max`` were there.

    Raises:
        UserError: The cluster is too small.
    """
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    fewest, most = config.fewest_workers, config.most_workers
    use_gpu = config.takes_gpus(gpus)
    if use_gpu and gpus < fewest:
        raise UserError(
            f"cluster.workers asks for {fewest} with a GPU each, but the cluster has {gpus}; "
            "lower cluster.workers, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or max(cpus // most, 1)
    if share * fewest > cpus:
        raise UserError(
            f"{fewest} workers with {share} CPUs each need {share * fewest}, but the cluster has {cpus}; "
            "lower cluster.workers or cluster.cpus_per_worker"
        )
    return ScalingConfig(
        num_workers=fewest if isinstance(config.workers, int) else (fewest, most),
        use_gpu=use_gpu,
        resources_per_worker={"CPU": share, "GPU": int(use_gpu)},
    )
