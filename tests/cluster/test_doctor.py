"""`facealign doctor` on a cluster of two nodes: whole first, then broken in every way it knows. In this order."""

import json
import os
import shutil
from pathlib import Path

import pytest

from facealign.cluster.doctor.check import CHECKS
from isolated_cluster import ADDRESS, Island, isolated_cluster
from params_file import overlay

pytestmark = pytest.mark.ray

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster():
    with isolated_cluster() as one:
        one.head(cpus=2)
        one.ray_start("second", "--address", ADDRESS, "--num-cpus", "2")
        yield one


@pytest.fixture
def params(tmp_path, cluster):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    settings = {
        "methods": ["awing"],
        "cluster": {"address": ADDRESS, "workers": 4, "storage": str(cluster.folder / "runs")},
        "tracking": {"uri": f"sqlite:///{cluster.folder}/mlflow.db"},
    }
    overlay(tmp_path / "params.yaml", settings)
    return tmp_path / "params.yaml"


def examined(one: Island, params: Path, status: int, **variables: str) -> dict[str, dict[str, str]]:
    done = one.run("python", "-m", "facealign", "doctor", "--json", cwd=params.parent, **variables)
    assert done.returncode == status, done.stdout
    return json.loads(done.stdout[done.stdout.index("{\n") :])


def states(findings) -> dict[str, str]:
    return {name: finding["state"] for name, finding in findings.items()}


def test_a_whole_cluster_has_nothing_wrong_and_keeps_no_trace(cluster, params, tiny_shards):
    before = len(list((cluster.folder).glob("runs/.*")))
    findings = examined(cluster, params, 0, FACEALIGN_SHARDS=str(tiny_shards))
    assert set(states(findings).values()) == {"ok"}, findings
    assert set(findings) == {"settings", "cluster", *CHECKS}
    assert "56 faces" in findings["shards"]["found"]
    assert "4 workers with 1 CPU each" in findings["gang"]["found"]
    assert len(list((cluster.folder).glob("runs/.*"))) == before
    again = cluster.run("python", "-c", _RUNS, str(cluster.folder), cwd=params.parent)
    assert again.stdout.strip() == "0"


_RUNS = """
import sys
from mlflow import MlflowClient
client = MlflowClient(f"sqlite:///{sys.argv[1]}/mlflow.db")
print(len(client.search_runs([e.experiment_id for e in client.search_experiments()])))
"""


def test_everything_broken_is_found_at_once_with_a_remedy(cluster, params, tiny_shards):
    """A third node has another torch, and another disk at the storage's path; and data, MLflow, room are bad."""
    other = cluster.folder / "other"
    (other / "torch-1.0.dist-info").mkdir(parents=True)
    (other / "torch-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.0\n")
    disk = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {cluster.folder}/runs && exec "$@"', "sh")
    paths = os.pathsep.join(filter(None, [str(other), cluster.environment.get("PYTHONPATH")]))
    cluster.ray_start("third", "--address", ADDRESS, "--num-cpus", "1", prefix=disk, PYTHONPATH=paths)
    shards = cluster.folder / "shards"
    shutil.copytree(tiny_shards, shards)
    damaged = next(shards.glob("train-*"))
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    overlay(params, {"cluster": {"workers": 6}, "tracking": {"uri": "http://127.0.0.1:9"}})
    findings = examined(cluster, params, 1, FACEALIGN_SHARDS=str(shards))
    assert states(findings) == {
        "settings": "ok",
        "cluster": "ok",
        "batch": "warning",
        "gang": "failed",
        "shards": "failed",
        "storage": "failed",
        "tracking": "failed",
        "versions": "failed",
    }
    said = {name: finding["found"] for name, finding in findings.items()}
    assert "16" in said["batch"]
    assert "6 workers with 1 CPUs each need 6, but the cluster has 5" in said["gang"]
    assert "third has 1 CPU" in said["gang"]
    assert damaged.name in said["shards"]
    assert "head: does not see what third wrote" in said["storage"]
    assert "third: does not see what head, second wrote" in said["storage"]
    assert "second: does not see what third wrote" in said["storage"]
    assert "http://127.0.0.1:9 does not answer" in said["tracking"]
    assert "third: torch 1.0" in said["versions"]
    assert "second" not in said["versions"]
    assert "start the server" in said["tracking"]
    assert "lower cluster.workers" in said["gang"]
    assert all(findings[name]["remedy"] for name in ("batch", "shards", "storage", "versions"))
    assert not list((cluster.folder / "runs").glob(".*")), "the probe is taken away again"


def test_a_wrong_token_is_refused_with_the_reason(cluster, params):
    found = examined(cluster, params, 1, RAY_AUTH_TOKEN="0" * 64)
    assert "does not take this process" in found["cluster"]["found"]
    assert "token" in found["cluster"]["remedy"]
    del cluster.environment["RAY_AUTH_TOKEN"]
    found = examined(cluster, params, 1)
    assert "asks for a token" in found["cluster"]["found"]
    assert states(found)["storage"] == "skipped"
    assert states(found)["batch"] == "ok"


def test_an_address_where_nothing_listens(cluster, params):
    overlay(params, {"cluster": {"address": "127.0.0.1:9"}})
    found = examined(cluster, params, 1)["cluster"]
    assert found["state"] == "failed"
    assert "127.0.0.1:9" in found["found"]


def test_settings_that_are_wrong_end_the_examination(cluster, params):
    overlay(params, {"cluster": {"workers": 0}})
    found = examined(cluster, params, 1)
    assert states(found) == {"settings": "failed"}
    assert "cluster.workers" in found["settings"]["found"]
