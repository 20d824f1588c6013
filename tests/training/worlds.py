"""What each process of ``test_worlds`` does."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from facealign.config import UserError
from facealign.evaluation.aggregate import evaluation_file
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.evaluate import evaluate
from facealign.training import ModelFolder, TrainJob, World, fit
from facealign.training.checkpoint import ModelCard
from facealign.training.run import TrainingRun
from training.changed import in_float64, poison
from training.test_fit import Recorder


def train_step(job: TrainJob, world: World, folder: Path, bad: tuple[str, ...]) -> dict[str, object]:
    """Measure the untrained network, train it, then meet a batch whose loss is not a number."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        in_float64(patch)
        run = TrainingRun(job, world, None, None)
        measured, evaluation = run.validate(), evaluated(run)
        progress = fit(job, world, Recorder(folder) if world.is_main else _Silent(folder))
        poison(patch, job.method, bad)
        with pytest.raises(UserError) as caught:
            fit(job, world, _Silent(folder))
    return {
        "measured": measured,
        "evaluation": evaluation,
        "history": progress.history,
        "message": str(caught.value),
    }


def evaluated(run: TrainingRun) -> tuple[list[object], dict[str, object]]:
    """What the untrained network finds on the test faces, two in a batch, and all metrics of it."""
    job, faces = run.job, run.faces.input_spec
    card = ModelCard(job=job, config_hash=job.config_hash, faces=faces, parameters=0)
    config = EvaluationConfig(batch_size=2)
    found = evaluate(ModelFolder(run.learner.method, card), job.shards, "test", config, run.world)
    return found.faces.found.predicted.tolist(), evaluation_file({"test": found}, config)


def work(rank: int, size: int, job: TrainJob, folder: Path, bad: tuple[str, ...]) -> None:
    """One process of ``size``; what it found is saved to ``folder``."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=size)
    torch.save(train_step(job, World(rank, size), folder / "last", bad), folder / f"{rank}.pt")
    dist.destroy_process_group()


class _Silent(Recorder):
    def checkpoint(self, folder, score):
        """Keep nothing."""
