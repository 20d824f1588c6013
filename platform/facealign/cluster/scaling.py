"""What each worker gets of the cluster."""

import ray
from ray.train import ScalingConfig

from facealign.cluster.config import ClusterConfig
from facealign.config import UserError


def scaling(config: ClusterConfig) -> ScalingConfig:
    """The settings in Ray's terms, for the cluster as it is now.

    Raises:
        UserError: The cluster is too small.
    """
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    use_gpu = config.device == "gpu" or (config.device == "auto" and gpus >= config.workers)
    if use_gpu and gpus < config.workers:
        raise UserError(
            f"cluster.workers is {config.workers} with a GPU each, but the cluster has {gpus}; "
            "lower workers, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or max(cpus // config.workers, 1)
    if share * config.workers > cpus:
        raise UserError(
            f"{config.workers} workers with {share} CPUs each need {share * config.workers}, but the cluster has "
            f"{cpus}; lower cluster.workers or cluster.cpus_per_worker"
        )
    return ScalingConfig(
        num_workers=config.workers, use_gpu=use_gpu, resources_per_worker={"CPU": share, "GPU": int(use_gpu)}
    )
