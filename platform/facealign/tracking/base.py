"""What a run tells the world, whoever listens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Tracker(Protocol):
    """Takes what a run reports. No call waits for a network, and none fails because a server is away."""

    def params(self, values: Mapping[str, str | int | float | bool | None]) -> None:
        """Settings of the run, flat; said once in the run's life, however often it is restarted."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Labels of the run."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Figures at a step. Values that are not finite are kept as they are."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """A local file, to be kept under ``folder`` of the run."""

    def close(self, status: str | None = None) -> None:
        """Wait a bounded time for what is outstanding.

        Args:
            status: How the run ended: ``FINISHED``, ``FAILED`` or ``KILLED``. None where only this process leaves.
        """


class NullTracker:
    """Listens to nothing; for runs that nobody follows."""

    def params(self, values: Mapping[str, str | int | float | bool | None]) -> None:
        """Forget."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Forget."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Forget."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """Forget."""

    def close(self, status: str | None = None) -> None:
        """Nothing is outstanding."""
