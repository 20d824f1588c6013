"""What each process of ``test_worlds`` does."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from facealign.config import UserError
from facealign.training import TrainJob, World, fit
from facealign.training.run import Run
from training.changed import in_float64, poison
from training.test_fit import Recorder


def learn(job: TrainJob, world: World, folder: Path, bad: tuple[str, ...]) -> dict[str, object]:
    """Measure the untrained network, train it, then meet a batch whose loss is not a number."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        in_float64(patch)
        measured = Run(job, world, None, None).validate()
        progress = fit(job, world, Recorder(folder) if world.is_main else _Silent(folder))
        poison(patch, job.method, bad)
        with pytest.raises(UserError) as caught:
            fit(job, world, _Silent(folder))
    return {"measured": measured, "history": progress.history, "message": str(caught.value)}


def work(rank: int, size: int, job: TrainJob, folder: Path, bad: tuple[str, ...]) -> None:
    """One process of ``size``; what it found is saved to ``folder``."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=size)
    torch.save(learn(job, World(rank, size), folder / "last", bad), folder / f"{rank}.pt")
    dist.destroy_process_group()


class _Silent(Recorder):
    def checkpoint(self, folder, score):
        """Keep nothing."""
