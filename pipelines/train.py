"""Stage `train`: Arrow shards → the best model of one method, and its run in MLflow.

    python pipelines/train.py METHOD [--params params.yaml]

SIGINT and SIGTERM leave a checkpoint; the same command goes on from it.
"""

import json
import sys

from facealign import registry, report, tracking
from facealign.cli import paths
from facealign.cli.lineage import git_commit
from facealign.cli.params import Params
from facealign.cli.stage import method_stage
from facealign.cluster.train import Stopped, interrupted, train
from facealign.data import Index
from facealign.training import load_model
from facealign.training.progress import Progress


def main(params: Params, method: str) -> None:
    """Train `method` on the cluster, log its run, keep its best model."""
    index = Index.load(paths.SHARDS)
    job = params.job(method, paths.SHARDS, index.digest)
    resuming = interrupted(job, params.cluster)
    run = tracking.open_run(
        params.tracking, params.registered_name, run_key=job.name, name=job.name, fresh=not resuming
    )
    tracking.describe_run(run, params.model_dump(mode="json"), job, index, git_commit())
    print(f"{job.name}: {'going on with' if resuming else 'training'} {len(index)} faces, {params.cluster.workers} workers")
    with report.training_progress(job.train.epochs) as show:
        try:
            outcome = train(job, params.cluster, run, paths.model_folder(method), show)
        except Stopped as stopped:
            tracking.end_run(run, "KILLED")
            print(f"{stopped}; the checkpoint is kept. The same command goes on from there.", file=sys.stderr)
            sys.exit(stopped.exit_status)
        except BaseException:
            tracking.end_run(run, "FAILED")
            raise
    _keep(method, params, outcome.progress, run)


def _keep(method: str, params: Params, progress: Progress, run: tracking.RunHandle) -> None:
    """Write the stage's outs, and put the curve and the model into the run."""
    history = [record.model_dump() for record in progress.history]
    report.write_history_csv(paths.history_file(method), history)
    model = load_model(paths.model_folder(method))
    best = progress.best
    figures = {
        "validation_nme": best.validation_nme,
        "best_epoch": best.epoch,
        "epochs": progress.epoch,
        "parameters": model.card.parameters,
        "images_per_second": sum(r.images_per_second for r in progress.history) / len(progress.history),
    }
    paths.training_file(method).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    method_stage(main)
