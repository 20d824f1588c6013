"""The cluster that all tests share."""

from cluster.conftest import ray_cluster

__all__ = ["ray_cluster"]
