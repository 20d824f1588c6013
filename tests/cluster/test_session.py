"""A local cluster of our own."""

import os

import pytest
import ray

pytestmark = pytest.mark.ray


def test_its_processes_know_which_cluster_is_theirs(ray_cluster):
    """Ray's own helpers, which only look for one on this machine, fail where there are two."""

    @ray.remote(num_cpus=0)
    def addresses() -> tuple[str, str]:
        return os.environ["RAY_ADDRESS"], ray.get_runtime_context().gcs_address

    told, true = ray.get(addresses.remote())
    assert told.rpartition(":")[2] == true.rpartition(":")[2]
    assert "RAY_ADDRESS" not in os.environ
    assert "RAY_GCS_SERVER_PORT" not in os.environ
