"""Settings of the cluster on which trainings and preparations run."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from facealign.config import Settings


class ElasticWorkers(Settings):
    """Bounds on the number of workers; the training uses as many as the cluster has room for."""

    min: int = Field(ge=1, description="with fewer, the training waits")
    max: int = Field(ge=1, description="more are not used")

    @model_validator(mode="after")
    def _in_order(self) -> "ElasticWorkers":
        if self.min > self.max:
            raise ValueError(f"min is {self.min} and max is {self.max}; min is at most max")
        return self


def _kind(workers: Any) -> str | None:
    if isinstance(workers, int):
        return "number"
    return "bounds" if isinstance(workers, dict | ElasticWorkers) else None


_Workers = Annotated[
    Annotated[int, Field(ge=1), Tag("number")] | Annotated[ElasticWorkers, Tag("bounds")],
    Discriminator(_kind, custom_error_type="workers", custom_error_message="a number, or {min, max}"),
]


class ClusterConfig(Settings):
    """Settings of the cluster: workers, devices, and the storage of checkpoints.

    The number of workers changes neither the batch, which is global, nor the order of the faces; the statistics of
    batch normalization are each worker's own, unless ``sync_batch_norm`` is set.
    """

    address: str | None = Field(
        default=None, description="of a running Ray cluster; null: RAY_ADDRESS, else a local one is started"
    )
    workers: _Workers = Field(
        default=2,
        description="processes that train together, over all nodes; {min, max}: as many as there is room for, "
        "fewer when nodes are lost and more when they come",
    )
    cpus_per_worker: int | None = Field(default=None, ge=1, description="null: the cluster's CPUs divided evenly")
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
        default="runs", description="folder or URI that every node can reach, for checkpoints of running trainings"
    )
    max_failures: int = Field(default=3, ge=0, description="restarts after a lost worker or node, then give up")
    max_preemptions: int = Field(
        default=100,
        ge=0,
        description="restarts after a node or worker that said beforehand that it would go, which costs no step",
    )

    def takes_gpus(self, there: int) -> bool:
        """Whether each worker gets a GPU of a cluster with ``there`` of them."""
        return self.device == "gpu" or (self.device == "auto" and there >= self.fewest_workers)

    @property
    def fewest_workers(self) -> int:
        """The number of workers that a training needs to start."""
        return self.workers if isinstance(self.workers, int) else self.workers.min

    @property
    def most_workers(self) -> int:
        """The largest number of workers that a training uses."""
        return self.workers if isinstance(self.workers, int) else self.workers.max
