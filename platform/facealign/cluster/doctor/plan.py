"""What is to be run, as far as the checks have to know it."""

from collections.abc import Mapping
from dataclasses import dataclass

from facealign.cluster.config import ClusterConfig
from facealign.tracking import TrackingSettings


@dataclass(frozen=True)
class Plan:
    """The trainings that the settings describe.

    Attributes:
        cluster: Where they run.
        tracking: Where their runs are recorded, in the experiment ``experiment`` if the settings name none.
        shards: Absolute path or URI of the prepared faces.
        batches: Size of the global batch of each method.
        checkpoint_bytes: Size of the largest method's checkpoint, about.
    """

    cluster: ClusterConfig
    tracking: TrackingSettings
    experiment: str
    shards: str
    batches: Mapping[str, int]
    checkpoint_bytes: int

    @property
    def workers(self) -> int:
        """That a training needs to start."""
        return self.cluster.fewest_workers
