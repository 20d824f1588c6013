"""Estimates the cost of a search before it begins."""

import bisect
import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from facealign.data.shards.reader import ShardReader
from facealign.search.file import SearchFile
from facealign.search.pruners import ASHASettings, HyperbandSettings, MedianSettings
from facealign.training import TrainJob, World, predict
from facealign.training.progress import Progress
from facealign.training.run import TrainingRun

# The course that a search may be expected to take: how many trials come how far, and what that costs in epochs.
#
# It is played through many times, trial after trial, with the pruners' own rules on made-up trials of which the
# better one is better at every epoch. Real curves cross, which changes who goes on and hardly how many.


_GAMES, _TRIALS = 500, 100_000
"""Searches that are played through; of those with many trials fewer, of so many trials in all."""

Judge = Callable[[float], int]
"""Takes the value of the next trial (less is better); returns the epoch it is stopped after, or the last."""


class Rung(NamedTuple):
    """A rung of the pruner.

    Attributes:
        epoch: After which.
        trials: That come here, expected.
        epochs: Trained since the rung before, by all of them together.
    """

    epoch: int
    trials: float
    epochs: float


class PruningSimulation(NamedTuple):
    """Expected over all orders in which good and bad trials may come.

    Attributes:
        rungs: Where trials are judged, and last where they end.
        epochs: Of each trial in turn.
    """

    rungs: tuple[Rung, ...]
    epochs: tuple[float, ...]


def simulate_pruning(pruner: Any, trials: int, epochs: int, every: int = 1) -> PruningSimulation:
    """The mean course of a search.

    Args:
        pruner: One of ``PrunerSettings``.
        trials: How many.
        epochs: Of one that is not stopped.
        every: Epochs between two measurements; a rung between them is judged at the next.
    """
    count = max(min(_GAMES, _TRIALS // trials), 10)
    games = [list(_game(pruner, trials, epochs, every, random.Random(number))) for number in range(count)]
    rungs, before = [], 0
    for place in (*sorted(set(_judged(pruner, epochs, every))), epochs):
        there = sum(end >= place for game in games for end in game) / count
        rungs.append(Rung(place, there, there * (place - before)))
        before = place
    return PruningSimulation(tuple(rungs), tuple(statistics.fmean(column) for column in zip(*games, strict=True)))


def _game(pruner: Any, trials: int, epochs: int, every: int, source: random.Random) -> Iterator[int]:
    """The last epoch of each trial of one search."""
    rungs = _judged(pruner, epochs, every)
    judges, weights = [_never(epochs)], [1]
    if isinstance(pruner, ASHASettings):
        judges = [_halving(rungs, pruner.factor, epochs)]
    elif isinstance(pruner, HyperbandSettings):
        weights = list(pruner.brackets(epochs))
        judges = [_halving(rungs[bracket:], pruner.factor, epochs) for bracket in range(len(weights))]
    elif isinstance(pruner, MedianSettings):
        judges = [_median(rungs, pruner.startup, epochs)]
    for _ in range(trials):
        yield source.choices(judges, weights)[0](source.random())


def _judged(pruner: Any, epochs: int, every: int) -> list[int]:
    """The pruner's rungs, each moved to the next epoch that is measured; the last epoch is none."""
    return [place for rung in pruner.rungs(epochs) if (place := -(-rung // every) * every) < epochs]


def _never(epochs: int) -> Judge:
    return lambda _worth: epochs


def _halving(rungs: list[int], factor: int, epochs: int) -> Judge:
    """Successive halving: the best 1/factor of those that have come to a rung go on, and always the best one."""
    there: list[list[float]] = [[] for _ in rungs]

    def judge(worth: float) -> int:
        for rung, others in zip(rungs, there, strict=True):
            bisect.insort(others, worth)
            if worth > others[max(len(others) // factor, 1) - 1]:
                return rung
        return epochs

    return judge


def _median(rungs: list[int], startup: int, epochs: int) -> Judge:
    """Simulate the median pruner: a trial worse than the median is pruned at its first rung."""
    finished: list[float] = []

    def judge(worth: float) -> int:
        if rungs and len(finished) >= startup and worth > statistics.median(finished):
            return rungs[0]
        finished.append(worth)
        return epochs

    return judge


_MOST_TRIALS = 4096
"""Played through where hours alone end the search."""


@dataclass(frozen=True)
class Preview:
    """The price of a search, as far as it can be known. Trials are taken to cost the same for each epoch.

    Attributes:
        trials: That the budget allows.
        limit: Which part of the budget ends the search: trials, hours, gpu_hours; grid: all points are tried.
        rungs: How many trials come how far.
        epochs: Of all trials, expected.
        unpruned_epochs: Of as many trials without a pruner.
        confirm_epochs: Of the trainings that confirm the best.
        epoch_seconds: Of one epoch on one device.
        at_once: Trials that run at the same time, each on one device.
        has_gpu: Whether that is a GPU.
    """

    trials: int
    limit: str
    rungs: tuple[Rung, ...]
    epochs: float
    unpruned_epochs: int
    confirm_epochs: int
    epoch_seconds: float
    at_once: int
    has_gpu: bool

    @property
    def device_hours(self) -> float:
        """Device-hours of search and confirmation: GPU-hours where the devices are GPUs."""
        return self.hours_of(self.epochs + self.confirm_epochs)

    @property
    def hours(self) -> float:
        """Hours of wall clock."""
        return self.device_hours / self.at_once

    def hours_of(self, epochs: float) -> float:
        """Hours of one device."""
        return epochs * self.epoch_seconds / 3600


def preview(file: SearchFile, epochs: int, every: int, epoch_seconds: float, has_gpu: bool) -> Preview:
    """The price of a search.

    Args:
        file: The search.
        epochs: Of a trial that is not stopped.
        every: Epochs between two measurements.
        epoch_seconds: Of one epoch on one device.
        has_gpu: Whether that device is a GPU, whose hours the budget may limit.
    """
    at_once = file.concurrency or 1
    counts = {"trials": file.budget.trials, "grid": file.space.size if file.sampler.name == "grid" else None}
    limit, trials = min(
        ((name, count) for name, count in counts.items() if count is not None),
        key=lambda end: end[1],
        default=("hours", _MOST_TRIALS),
    )
    simulation = simulate_pruning(file.pruner, trials, epochs, every)
    hours = {"hours": file.budget.hours and file.budget.hours * at_once}
    if has_gpu:
        hours["gpu_hours"] = file.budget.gpu_hours
    for name, most in hours.items():
        if most is not None and (fitting := _trials_within(simulation, most * 3600 / epoch_seconds)) < trials:
            limit, trials = name, fitting
            simulation = simulate_pruning(file.pruner, trials, epochs, every)
    confirm = file.confirm
    return Preview(
        trials=trials,
        limit=limit,
        rungs=simulation.rungs,
        epochs=sum(simulation.epochs),
        unpruned_epochs=trials * epochs,
        confirm_epochs=0 if confirm is None else confirm.top * confirm.seeds * epochs,
        epoch_seconds=epoch_seconds,
        at_once=at_once,
        has_gpu=has_gpu,
    )


def _trials_within(simulation: PruningSimulation, epochs: float) -> int:
    """Return how many trials begin within a number of epochs, at least one."""
    begun = 0
    for spent in simulation.epochs:
        begun += 1
        epochs -= spent
        if epochs <= 0:
            break
    return begun


# How long an epoch takes, measured on a few steps of it.


_WARM_UP = 2
"""Steps that are not counted: memory is taken, kernels are chosen, loading processes start."""


@dataclass(frozen=True)
class EpochTime:
    """The measured time of one epoch.

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
        """Seconds of an epoch with its validation."""
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
    run = TrainingRun(job, World(device=device), _Unheard(), None)
    times = [_now(device)]
    for share in itertools.islice(run.local_batches(), _WARM_UP + steps):
        run.train_step(share)
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


def _validation(run: TrainingRun, device: torch.device) -> float:
    """Seconds for the whole fold, by its second batch, or its first where there is one alone."""
    times, faces = [_now(device)], 0
    with run.learner.as_measured() as method:
        for batch in itertools.islice(run.faces.validation(), 2):
            predict(method, [batch], device, run.learner.precision.dtype)
            times.append(_now(device))
            faces = len(batch)
    return (times[-1] - times[-2]) / faces * len(ShardReader(run.job.shards, "val"))


def _now(device: torch.device) -> float:
    """Return the clock after the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class _Unheard:
    """Callback that nobody listens to."""

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Ignore the metrics."""

    def epoch(self, progress: Progress, step: int) -> None:
        """Ignore the end of an epoch."""

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Ignore the checkpoint."""

    def stop_requested(self) -> bool:
        """Never."""
        return False
