"""What each worker gets of the cluster."""

import ray
from ray.train import ScalingConfig

from facealign.cluster.config import ClusterConfig
from facealign.config import UserError


def scaling(config: ClusterConfig) -> ScalingConfig:
    """The settings in Ray's terms, for the cluster as it is now.

    Workers share the cluster's CPUs evenly: of a training with ``{min, max}`` as if all ``max`` were there.

    Raises:
        UserError: The cluster is too small.
    """
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    fewest, most = config.fewest_workers, config.most_workers
    use_gpu = config.takes_gpus(gpus)
    if use_gpu and gpus < fewest:
        raise UserError(
            f"cluster.workers asks for {fewest} with a GPU each, but the cluster has {gpus}; "
            "lower cluster.workers, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or max(cpus // most, 1)
    if share * fewest > cpus:
        raise UserError(
            f"{fewest} workers with {share} CPUs each need {share * fewest}, but the cluster has {cpus}; "
            "lower cluster.workers or cluster.cpus_per_worker"
        )
    return ScalingConfig(
        num_workers=fewest if isinstance(config.workers, int) else (fewest, most),
        use_gpu=use_gpu,
        resources_per_worker={"CPU": share, "GPU": int(use_gpu)},
    )
