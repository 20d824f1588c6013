"""Trains a method on Ray: Arrow shards → the best model, and its run in MLflow."""

from facealign import tracking
from facealign.cluster.train import delete_checkpoints, interrupted, train
from facealign.data.shards.index import Index
from facealign.training.stopping import Stopped
from facealign.workflows import workspace
from facealign.workflows.settings import Params
from facealign.workflows.training_outputs import describe, save_outputs, say_early_stop, shown, stop_on_signal
from facealign.workflows.workspace import SHARDS, SPOOL, trained


def train_on_cluster(params: Params, method: str) -> None:
    """Train one method on the cluster, record its run, keep its best model."""
    index = Index.load(SHARDS)
    job = params.job(method, SHARDS, index.digest)
    resuming = interrupted(job, params.cluster)
    run = tracking.open_run(
        params.tracking, params.registered_name, job.name, job.name, fresh=not resuming, spool_dir=SPOOL
    )
    describe(run, params, job, index)
    with stop_on_signal():
        try:
            with shown(job, resuming) as show:
                progress = train(job, params.cluster, run, SPOOL, trained(method).model, show)
            save_outputs(trained(method), progress, run)
            workspace.upload(trained(method).run.parent)
        except BaseException as error:
            tracking.end_run(run, "KILLED" if isinstance(error, Stopped) else "FAILED", SPOOL)
            raise
    tracking.end_run(run, "FINISHED", SPOOL)
    say_early_stop(job, progress)
    delete_checkpoints(job, params.cluster)
