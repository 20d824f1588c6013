"""Stage `train`: Arrow shards → the best model of one method, and its run in MLflow.

python pipelines/train.py METHOD [--params params.yaml]

SIGINT and SIGTERM leave a checkpoint; the same command goes on from it. As a Ray job:

ray job submit --working-dir . --runtime-env pipelines/runtime_env.yaml -- python pipelines/train.py METHOD
"""

import sys

from facealign import tracking
from facealign.cli.params import Params
from facealign.cli.paths import SHARDS, SPOOL, trained
from facealign.cli.record import describe, keep
from facealign.cli.stage import method_stage
from facealign.cluster.train import Stopped, forget, interrupted, train
from facealign.data.loader import training_plan
from facealign.data.ordering.order import steps_per_epoch
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.report.progress import training_progress


def main(params: Params, method: str) -> None:
    """Train one method on the cluster, record its run, keep its best model."""
    index = Index.load(SHARDS)
    job = params.job(method, SHARDS, index.digest)
    resuming = interrupted(job, params.cluster)
    run = tracking.open_run(
        params.tracking, params.registered_name, job.name, job.name, fresh=not resuming, spool_dir=SPOOL
    )
    describe(run, params, job, index)
    print(f"{job.name}: {'going on with' if resuming else 'training on'} {index.rows('train')} faces", flush=True)
    try:
        plan = training_plan(ShardReader(SHARDS, "train"), job.train.sampling)
        steps = steps_per_epoch(plan.length, job.train.batch_size)
        with training_progress(job.train.epochs, steps, sys.stdout) as show:
            progress = train(job, params.cluster, run, SPOOL, trained(method).model, show)
        keep(method, progress, run)
    except Stopped as stopped:
        tracking.end_run(run, "KILLED", SPOOL)
        print(f"{stopped}; the checkpoint is kept, and the same command goes on from it", file=sys.stderr)
        sys.exit(stopped.exit_status)
    except BaseException:
        tracking.end_run(run, "FAILED", SPOOL)
        raise
    tracking.end_run(run, "FINISHED", SPOOL)
    forget(job, params.cluster)


if __name__ == "__main__":
    method_stage(main)
