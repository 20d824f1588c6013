"""Interface of trackers of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Tracker(Protocol):
    """Records a run. No call waits for a network or fails because a server is unreachable."""

    def params(self, values: Mapping[str, str | int | float | bool | None]) -> None:
        """Settings of the run, flat; what is said first stays, however often the run is restarted."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Labels of the run; what is said last stays."""

    def dataset(
        self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str = "training"
    ) -> None:
        """A data set among the run's inputs; saying it again changes nothing.

        Args:
            name: Of the data set.
            digest: Of its content.
            source: Where it lies: a path or an address.
            profile: Its metrics, such as the number of faces.
            context: What the run does with it.
        """

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Metrics at a step. Values that are not finite are kept as they are.

        The run has each name once for each step: a restart may say again what it does again.
        """

    def results(self, values: Mapping[str, float]) -> None:
        """Metrics of the run as a whole; what is said last counts."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """A local file, to be kept under ``folder`` of the run."""

    def close(self, status: str | None = None) -> int:
        """Wait a bounded time for what is outstanding.

        Args:
            status: How the run ended: ``FINISHED``, ``FAILED`` or ``KILLED``. None where only this process leaves.

        Returns:
            How many records wait on this machine for a server that is away.
        """


class NullTracker:
    """Listens to nothing; for runs that nobody follows."""

    def params(self, values: Mapping[str, str | int | float | bool | None]) -> None:
        """Forget."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Forget."""

    def dataset(
        self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str = "training"
    ) -> None:
        """Forget."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Forget."""

    def results(self, values: Mapping[str, float]) -> None:
        """Forget."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """Forget."""

    def close(self, status: str | None = None) -> int:
        """Do nothing: no record is outstanding."""
        return 0
