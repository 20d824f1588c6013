"""How many trials a cluster holds at once, and what each gets."""

from dataclasses import dataclass

import ray
from ray.train import ScalingConfig
from ray.tune import PlacementGroupFactory

from facealign.cluster.config import ClusterConfig
from facealign.config import UserError


@dataclass(frozen=True)
class Capacity:
    """Room for trials.

    Attributes:
        trials: At once.
        workers: Of each trial.
        cpus: Of each worker.
        gpus: Likewise, 0 or 1.
    """

    trials: int
    workers: int
    cpus: int
    gpus: int

    @property
    def gpus_per_trial(self) -> int:
        """That a trial holds while it runs."""
        return self.workers * self.gpus

    @property
    def scaling(self) -> ScalingConfig:
        """Of a trial that is a Ray Train run."""
        return ScalingConfig(
            num_workers=self.workers,
            use_gpu=self.gpus > 0,
            resources_per_worker={"CPU": self.cpus, "GPU": self.gpus},
        )

    @property
    def process(self) -> PlacementGroupFactory:
        """What Tune reserves for a trial that is one process."""
        return PlacementGroupFactory([{"CPU": self.cpus, "GPU": self.gpus}])


def beside_the_driver() -> PlacementGroupFactory:
    """What Tune reserves for a process that only follows a trial's workers: nearly nothing, on the driver's node.

    It asks for no part of a CPU, because then the workers could not have all of them.
    """
    return PlacementGroupFactory([{f"node:{ray.util.get_node_ip_address()}": 0.001}])


def capacity(config: ClusterConfig, most: int | None) -> Capacity:
    """As many trials as the cluster holds, and at most ``most``, which then share its CPUs.

    A trial has the fewest workers that the settings allow: a second trial is of more use than a faster one.

    Raises:
        UserError: It holds not one.
    """
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    workers = config.fewest_workers
    use_gpu = config.takes_gpus(gpus)
    by_gpu = gpus // workers if use_gpu else None
    by_cpu = cpus // (workers * (config.cpus_per_worker or 1))
    held = min(count for count in (by_gpu, by_cpu, most) if count is not None)
    if held < 1:
        each = f"{config.cpus_per_worker or 1} CPUs{' and a GPU' if use_gpu else ''} each"
        raise UserError(
            f"a trial has {workers} workers with {each}, and the cluster has {cpus} CPUs and {gpus} GPUs; lower "
            "cluster.workers or cluster.cpus_per_worker, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or cpus // (workers * held)
    return Capacity(trials=held, workers=workers, cpus=share, gpus=int(use_gpu))
