"""A job with other settings, and ways to disturb a training."""

import torch
from torch.nn import functional

from facealign.data.batch import Batch
from facealign.methods import METHODS, LossTerms
from facealign.training import TrainJob, run


def with_train(job: TrainJob, **settings) -> TrainJob:
    """The job with some settings of its training changed, checked like any others."""
    train = type(job.train).model_validate({**job.train.model_dump(), **settings})
    return job.model_copy(update={"train": train})


def add_noise(patch) -> None:
    """Let AWing drop pixels at random while it trains: a network with random numbers of its own."""

    def inputs(self, batch):
        return functional.dropout(batch.images.float(), 0.3, self.training)

    patch.setattr(METHODS["awing"], "inputs", inputs)


def in_float64(patch) -> None:
    """Let trainings compute in float64, in which rounding cannot hide a wrong gradient, nor be taken for one."""
    build, move = run.build_method, Batch.to
    patch.setattr(run, "build_method", lambda *arguments: build(*arguments).double())
    patch.setattr(torch.Tensor, "float", torch.Tensor.double)
    patch.setattr(Batch, "to", lambda self, device: move(self, device)._with_tensors(_widen))


def _widen(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor


def poison(patch, method: str, samples: tuple[str, ...], *, only_gradient: bool = False) -> None:
    """Let a method's loss of any piece with all these samples, or its gradient alone, be NaN."""
    whole = METHODS[method].loss

    def loss(self, outputs, batch):
        terms = whole(self, outputs, batch)
        if not set(samples) <= set(batch.ids):
            return terms
        total = terms.total + torch.sqrt(0 * terms.total) if only_gradient else torch.nan * terms.total
        return LossTerms(total, terms.parts)

    patch.setattr(METHODS[method], "loss", loss)
