"""How long an epoch takes, measured on a few steps of it."""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from facealign.data.shards.reader import ShardReader
from facealign.training import TrainJob, World, predict
from facealign.training.progress import Progress
from facealign.training.run import Run

_WARM_UP = 2
"""Steps that are not counted: memory is taken, kernels are chosen, loading processes start."""


@dataclass(frozen=True)
class EpochTime:
    """One epoch of a training.

    Attributes:
        steps: In the epoch.
        step_seconds: Of one, faces read and augmented among it.
        validation_seconds: Of the whole validation fold.
        measured_steps: How many were timed.
        device: On which.
    """

    steps: int
    step_seconds: float
    validation_seconds: float
    measured_steps: int
    device: str

    @property
    def seconds(self) -> float:
        """Of the epoch with its validation."""
        return self.steps * self.step_seconds + self.validation_seconds


def measure_epoch(job: TrainJob, device: torch.device, steps: int = 6) -> EpochTime:
    """Train a few steps, measure a few faces, and multiply.

    Args:
        job: Whose epoch.
        device: One.
        steps: To time, after two that are not; fewer where the epoch has no more.

    Raises:
        UserError: As ``fit`` raises it.
    """
    run = Run(job, World(device=device), _Unheard(), None)
    times = [_now(device)]
    for share in itertools.islice(run.shares(), _WARM_UP + steps):
        run.learn(share)
        times.append(_now(device))
    warm = min(_WARM_UP, len(times) - 2)
    timed = len(times) - 1 - warm
    return EpochTime(
        steps=run.faces.steps,
        step_seconds=(times[-1] - times[warm]) / timed,
        validation_seconds=_validation(run, device),
        measured_steps=timed,
        device=str(device),
    )


def _validation(run: Run, device: torch.device) -> float:
    """Seconds for the whole fold, by its second batch, or its first where there is one alone."""
    times, faces = [_now(device)], 0
    with run.learner.as_measured() as method:
        for batch in itertools.islice(run.faces.validation(), 2):
            predict(method, [batch], device, run.learner.precision.dtype)
            times.append(_now(device))
            faces = len(batch)
    return (times[-1] - times[-2]) / faces * len(ShardReader(run.job.shards, "val"))


def _now(device: torch.device) -> float:
    """The clock, when the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class _Unheard:
    """Events that nobody listens to."""

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Nothing."""

    def epoch(self, progress: Progress, step: int) -> None:
        """Nothing."""

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Nothing."""

    def stop_requested(self) -> bool:
        """Never."""
        return False
