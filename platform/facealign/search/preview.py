"""What a search will cost, before it is begun."""

from dataclasses import dataclass

from facealign.search.course import Course, Rung, expected_course
from facealign.search.file import SearchFile

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
        """Of search and confirmation: GPU-hours, where the devices are GPUs."""
        return self.hours_of(self.epochs + self.confirm_epochs)

    @property
    def hours(self) -> float:
        """Of the clock."""
        return self.device_hours / self.at_once

    def hours_of(self, epochs: float) -> float:
        """Of one device."""
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
    course = expected_course(file.pruner, trials, epochs, every)
    hours = {"hours": file.budget.hours and file.budget.hours * at_once}
    if has_gpu:
        hours["gpu_hours"] = file.budget.gpu_hours
    for name, most in hours.items():
        if most is not None and (fitting := _trials_within(course, most * 3600 / epoch_seconds)) < trials:
            limit, trials = name, fitting
            course = expected_course(file.pruner, trials, epochs, every)
    confirm = file.confirm
    return Preview(
        trials=trials,
        limit=limit,
        rungs=course.rungs,
        epochs=sum(course.epochs),
        unpruned_epochs=trials * epochs,
        confirm_epochs=0 if confirm is None else confirm.top * confirm.seeds * epochs,
        epoch_seconds=epoch_seconds,
        at_once=at_once,
        has_gpu=has_gpu,
    )


def _trials_within(course: Course, epochs: float) -> int:
    """How many trials are begun before so many epochs are over, at least one."""
    begun = 0
    for spent in course.epochs:
        begun += 1
        epochs -= spent
        if epochs <= 0:
            break
    return begun
