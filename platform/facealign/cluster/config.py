"""Where trainings and preparations run."""

from typing import Literal

from pydantic import Field

from facealign.config import Settings


class ClusterConfig(Settings):
    """How many workers, on what, and where they leave their checkpoints.

    The number of workers does not change what is learnt: the batch is global, and so is the order of the faces.
    """

    address: str | None = Field(
        default=None, description="of a running Ray cluster; null: RAY_ADDRESS, else a local one is started"
    )
    workers: int = Field(default=2, ge=1, description="processes that train together, over all nodes")
    cpus_per_worker: int | None = Field(default=None, ge=1, description="null: an even share of the cluster's")
    device: Literal["auto", "cpu", "gpu"] = Field(
        default="auto", description="auto: a GPU for each worker if the cluster has that many, else CPUs"
    )
    prepare_workers: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="processes that prepare faces, to the same bytes; 1: without Ray",
    )
    storage: str = Field(
        default="runs", description="folder or URI that every node can reach, for checkpoints under way"
    )
    max_failures: int = Field(default=3, ge=0, description="restarts after a lost worker or node, then give up")
