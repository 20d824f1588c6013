"""Interface of the training loop's callbacks."""

from pathlib import Path
from typing import Any, Protocol

from facealign.training.progress import Progress

UNMEASURED = 1e9
"""Worse than any NME, and finite, because it is kept as JSON."""


class Callback(Protocol):
    """Callbacks of a training; a Ray worker, a plain process and a test each have their own."""

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Metrics of the steps since the last call; called in the main process alone."""

    def epoch(self, progress: Progress, step: int) -> None:
        """An epoch is over, the last of ``progress.history``; called in the main process alone."""

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Keep what ``folder`` holds; it is gone afterwards.

        Args:
            folder: Given in the main process; every other one calls this with None.
            score: Validation NME of the checkpoint; ``UNMEASURED`` for one from the middle of an epoch, or after
                an epoch that was not measured.
        """

    def stop_requested(self) -> bool:
        """Whether this process has been asked to save and stop."""


def log_event(metrics: dict[str, float], step: int) -> dict[str, Any]:
    """The arguments of ``Callback.log`` as a plain mapping."""
    return {"kind": "log", "step": step, **metrics}


def epoch_event(progress: Progress) -> dict[str, Any]:
    """The arguments of ``Callback.epoch`` as a plain mapping: the record of the finished epoch."""
    return {"kind": "epoch", **progress.history[-1].model_dump(exclude={"parts"})}


def resumed_event(progress: Progress) -> dict[str, Any]:
    """The history of a resumed training as a plain mapping: the records of its epochs."""
    return {"kind": "resumed", "history": [record.model_dump() for record in progress.history]}
