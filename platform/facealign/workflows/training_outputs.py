"""Outputs of a training: the stage's files, and its run in MLflow."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from facealign import tracking
from facealign.cluster.environment import submission
from facealign.config import UserError
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches, training_plan
from facealign.data.sampler.order import steps_per_epoch
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.inference.card import card_of_training
from facealign.registry import Candidate, Predictor, log_model
from facealign.registry.register import SUBMISSION
from facealign.report.curves import learning_curve, write_history_csv
from facealign.report.progress import training_progress
from facealign.training import TrainJob, load_model
from facealign.training.checkpoint import read_card
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped
from facealign.workflows import workspace
from facealign.workflows.settings import Params
from facealign.workflows.workspace import git_commit, read_json, uncommitted, write_json


def describe(run: tracking.Run | None, params: Params, job: TrainJob, index: Index) -> None:
    """Say what the run is before it starts: settings, lineage, data."""
    tags = {
        "method": job.method,
        "source": index.source.name,
        "landmarks": index.landmarks.name,
        "data_digest": index.digest,
        "config_hash": job.config_hash,
        "git_commit": git_commit(),
    }
    if (job_of_ray := submission()) is not None:
        tags[SUBMISSION] = job_of_ray.id
    settings = {
        "seed": params.seed,
        "data": params.data.model_dump(mode="json"),
        "method": {job.method: params.section(job.method).model_dump(mode="json")},
        "cluster": params.cluster.model_dump(mode="json"),
    }
    tracker = tracking.tracker_for(
        run, workspace.SPOOL, patience=5
    )  # the training needs nothing of what is said here
    tracking.describe_run(tracker, settings, tags, patch=uncommitted())
    counts = {str(fold): index.rows(fold) for fold in index.folds}
    tracker.dataset(index.source.name, index.digest, job.shards, counts)
    tracker.close()


def save_outputs(places: workspace.Trained, progress: Progress, run: tracking.Run | None) -> None:
    """Write the stage's outs beside its model, and put the learning curve and the model into the run.

    Where MLflow is away, the outs are all there, and the model waits for the stage ``register``.
    """
    model = load_model(places.model)
    best = progress.best
    assert best is not None, "a finished training has measured its last epoch"
    history = [record.model_dump(exclude={"parts"}) for record in progress.history]
    write_history_csv(places.history, history)
    picture = places.curve
    learning_curve(history).savefig(picture)
    metrics = {
        "validation_nme": best.validation_nme,
        "best_epoch": best.epoch,
        "epochs": progress.epoch,
        "parameters": model.card.parameters,
        "images_per_second": sum(record.images_per_second for record in progress.history) / len(progress.history),
    }
    write_json(places.metrics, metrics)
    model_uri = None
    if run is not None:
        try:
            model_uri = _log_model(places, run)
        except tracking.Away as away:
            print(
                f"{away}\n{model.card.job.method}: the training is done and kept in {places.model.parent}. When "
                "the server is back, the stage `register` puts the model into the run (`dvc repro`: nothing is "
                "trained again); `facealign sync` delivers the metrics alone",
                file=sys.stderr,
            )
        tracker = tracking.tracker_for(run, workspace.SPOOL)
        tracker.artifact(picture, "plots")
        tracker.close()
    write_json(
        places.run,
        {"run": tracking.to_json(run) if run else None, "model_uri": model_uri, "commit": git_commit()},
    )


def _log_model(places: workspace.Trained, run: tracking.Run) -> str:
    """The address in MLflow of the best model, logged to its run.

    Raises:
        Away: MLflow does not answer.
    """
    handle = tracking.opened(run)
    tracking.check_answers(handle.uri)
    model = load_model(places.model)
    batch = next(eval_batches(FaceDataset(ShardReader(workspace.SHARDS, "val")), batch_size=4))
    values = model.card.model_dump(mode="json")
    return log_model(handle, Predictor(model.method), batch.images, card_of_training(values), metadata=values)


def candidates(methods: Sequence[str], settings: tracking.TrackingSettings) -> tuple[str, list[Candidate]]:
    """The trained methods as the registry takes them, and the address of the MLflow that has their runs.

    A model that found no server after its training is logged now.

    Raises:
        UserError: A method was trained without tracking, or the runs are not in one place.
        Away: MLflow does not answer.
    """
    found, addresses = [], set()
    for method in methods:
        workspace.download(workspace.trained(method).run.parent)
        workspace.download(workspace.evaluated(method).test)
        trained = read_json(workspace.trained(method).run)
        recalled = tracking.recalled(trained["run"], settings)
        if recalled is None:
            raise UserError(
                f"{method} was trained with tracking.enabled: false or --plain, so there is no model to register; "
                f"train it with `facealign train {method}`"
            )
        run = tracking.opened(recalled)
        card = read_card(workspace.trained(method).model)
        metrics = read_json(workspace.trained(method).metrics)
        addresses.add(run.uri)
        found.append(
            Candidate(
                method=method,
                run_id=run.run_id,
                model_uri=trained["model_uri"] or _log_model(workspace.trained(method), run),
                validation_nme=metrics["validation_nme"],
                data_digest=card.job.data_digest,
                config_hash=card.config_hash,
                git_commit=trained["commit"],
                measured=workspace.evaluated(method).test,
            )
        )
    if len(addresses) > 1:
        raise UserError(
            f"the methods' runs are in different places ({', '.join(sorted(addresses))}); train them again"
        )
    return addresses.pop(), found


# What every training shows on the terminal, wherever it runs.


def shown(job: TrainJob, resuming: bool) -> AbstractContextManager[Callable[[Mapping[str, Any]], None]]:
    """Say that a training starts, and show its events in the block.

    Raises:
        UserError: The training faces do not make an epoch.
    """
    reader = ShardReader(job.shards, "train")
    steps = steps_per_epoch(training_plan(reader, job.train.sampling).length, job.train.batch_size)
    print(f"{job.name}: {'going on with' if resuming else 'training on'} {len(reader)} faces", flush=True)
    return training_progress(job.train.epochs, steps, sys.stdout)


def say_early_stop(job: TrainJob, progress: Progress) -> None:
    """Say why a training ended before its last epoch, if it did."""
    best = progress.best
    if progress.epoch < job.train.epochs and best is not None:
        print(
            f"stopped early after {progress.epoch} epochs: the last {progress.measured_since_best} measurements "
            f"were not better than that of epoch {best.epoch} (train.early_stop)"
        )


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """Say that a training that was asked to stop can go on, and exit as the signal wants it."""
    try:
        yield
    except Stopped as stopped:
        print(f"{stopped}; the checkpoint is kept, and the same command goes on from it", file=sys.stderr)
        sys.exit(stopped.exit_status)
