"""What the loop tells the outside, and the one thing it asks."""

from pathlib import Path
from typing import Protocol

from facealign.training.progress import Progress

UNMEASURED = 1e9
"""Worse than any NME, and finite, because it is kept as JSON."""


class Events(Protocol):
    """Where a training runs decides what these do: a Ray worker, a plain process, a test."""

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Figures of the steps since the last call; called in the main process alone."""

    def epoch(self, progress: Progress, step: int) -> None:
        """An epoch is over and measured, the last of ``progress.history``; called in the main process alone."""

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Keep what ``folder`` holds; it is gone afterwards.

        Args:
            folder: Given in the main process; every other one calls this with None.
            score: Validation NME of the checkpoint; ``UNMEASURED`` for one from the middle of an epoch.
        """

    def stop_requested(self) -> bool:
        """Whether this process has been asked to save and stop."""
