"""What a training leaves behind: the stage's outs, and its run in MLflow."""

from collections.abc import Sequence
from dataclasses import asdict

from facealign import tracking
from facealign.cli import paths
from facealign.cli.json_file import read_json, write_json
from facealign.cli.lineage import git_commit
from facealign.cli.params import Params
from facealign.config import UserError
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.registry import Candidate, Predictor, log_model
from facealign.report.csvplots import write_history_csv
from facealign.report.curves import learning_curve
from facealign.training import TrainJob, load_model
from facealign.training.checkpoint import read_card
from facealign.training.progress import Progress


def describe(run: tracking.RunHandle | None, params: Params, job: TrainJob, index: Index) -> None:
    """Say what the run is before it starts: settings, lineage, data."""
    tags = {
        "method": job.method,
        "source": index.source.name,
        "landmarks": index.landmarks.name,
        "data_digest": index.digest,
        "config_hash": job.config_hash,
        "git_commit": git_commit(),
    }
    settings = {
        "seed": params.seed,
        "data": params.data.model_dump(mode="json"),
        "method": {job.method: params.section(job.method).model_dump(mode="json")},
        "cluster": params.cluster.model_dump(mode="json"),
    }
    tracking.describe_run(run, settings, tags)
    counts = {str(fold): index.rows(fold) for fold in index.folds}
    tracking.log_dataset(run, index.source.name, index.digest, job.shards, counts)


def keep(places: paths.Trained, progress: Progress, run: tracking.RunHandle | None) -> None:
    """Write the stage's outs beside its model, and put the learning curve and the model into the run."""
    model = load_model(places.model)
    best = progress.best
    assert best is not None, "a finished training has measured its last epoch"
    history = [record.model_dump() for record in progress.history]
    write_history_csv(places.history, history)
    picture = places.curve
    learning_curve(history).savefig(picture)
    figures = {
        "validation_nme": best.validation_nme,
        "best_epoch": best.epoch,
        "epochs": progress.epoch,
        "parameters": model.card.parameters,
        "images_per_second": sum(record.images_per_second for record in progress.history) / len(progress.history),
    }
    write_json(places.figures, figures)
    model_uri = None
    if run is not None:
        batch = next(eval_batches(FaceDataset(ShardReader(paths.SHARDS, "val")), batch_size=4))
        model_uri = log_model(
            run, Predictor(model.method), batch.images, metadata=model.card.model_dump(mode="json")
        )
        tracker = tracking.tracker_for(run, paths.SPOOL)
        tracker.artifact(picture, "plots")
        tracker.close()
    write_json(
        places.run,
        {"run": asdict(run) if run else None, "model_uri": model_uri, "commit": git_commit()},
    )


def candidates(methods: Sequence[str]) -> tuple[str, list[Candidate]]:
    """The trained methods as the registry takes them, and the address of the MLflow that has their runs.

    Raises:
        UserError: A method was trained without tracking, or the runs are not in one place.
    """
    found, addresses = [], set()
    for method in methods:
        run = read_json(paths.trained(method).run)
        if run["run"] is None:
            raise UserError(
                f"{method} was trained with tracking.enabled: false or --plain, so there is no model to register; "
                f"train it with `facealign train {method}`"
            )
        card = read_card(paths.trained(method).model)
        figures = read_json(paths.trained(method).figures)
        addresses.add(run["run"]["uri"])
        found.append(
            Candidate(
                method=method,
                run_id=run["run"]["run_id"],
                model_uri=run["model_uri"],
                validation_nme=figures["validation_nme"],
                data_digest=card.job.data_digest,
                config_hash=card.config_hash,
                git_commit=run["commit"],
            )
        )
    if len(addresses) > 1:
        raise UserError(
            f"the methods' runs are in different places ({', '.join(sorted(addresses))}); train them again"
        )
    return addresses.pop(), found
