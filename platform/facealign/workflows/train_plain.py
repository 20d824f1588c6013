"""Trains a method in this process, without Ray and MLflow: Arrow shards → the best model."""

from pathlib import Path

from facealign.config import UserError
from facealign.data.shards.index import Index
from facealign.training.checkpoint_manager import CheckpointManager
from facealign.training.plain import train_plain
from facealign.workflows import workspace
from facealign.workflows.settings import Params
from facealign.workflows.training_outputs import save_outputs, say_early_stop, shown, stop_on_signal
from facealign.workflows.workspace import SHARDS, trained, trained_in


def train_here(params: Params, method: str, device: str | None, out: Path | None) -> None:
    """Train one method on one device, keep its best model.

    Args:
        params: Of ``cluster``, only ``storage`` counts: the folder of checkpoints.
        method: Its name.
        device: As PyTorch names it; None: the first GPU if there is one.
        out: Folder for model, metrics and learning curve; None: the pipeline's.

    Raises:
        UserError: See ``train_plain``; or the checkpoints' folder is not on a local disk.
    """
    job = params.job(method, SHARDS, Index.load(SHARDS).digest)
    if "://" in params.cluster.storage:
        raise UserError(
            f"cluster.storage is {params.cluster.storage}, but --plain keeps checkpoints on a local disk; name a "
            "folder: --set cluster.storage=runs"
        )
    kept = CheckpointManager(Path(params.cluster.storage) / f"plain-{job.name}")
    places = trained(method) if out is None else trained_in(out)
    with stop_on_signal(), shown(job, kept.last is not None) as show:
        progress = train_plain(job, kept.folder, device, show)
    kept.copy_best_model(places.model)
    save_outputs(places, progress, None)
    if out is None:
        workspace.upload(places.run.parent)
    kept.delete_checkpoints()
    say_early_stop(job, progress)
    print(f"the best model is in {places.model}")
