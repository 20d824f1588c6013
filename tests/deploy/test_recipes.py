"""The cluster recipes, as Ray's own code reads them. No cloud is asked."""

import copy
from pathlib import Path

import pytest
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr
from ray.autoscaler._private.util import prepare_config, validate_config
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def launcher():
    return YAML(typ="safe").load(DEPLOY / "cluster.yaml")


@pytest.fixture(scope="module")
def manifests():
    return {document["kind"]: document for document in YAML(typ="safe").load_all(DEPLOY / "kuberay.yaml")}


def test_the_launcher_takes_the_recipe(launcher):
    prepared = prepare_config(copy.deepcopy(launcher))
    validate_config(prepared)
    gpu = prepared["available_node_types"]["gpu"]
    assert (gpu["min_workers"], gpu["max_workers"]) == (4, 4)
    with pytest.raises(Exception, match="Additional properties are not allowed"):
        validate_config({**prepared, "misspelled": 1})


def test_nobody_enters_without_a_token_and_nothing_but_ssh_is_open(launcher):
    starts = [*launcher["head_start_ray_commands"], *launcher["worker_start_ray_commands"]]
    assert all(". ~/.profile" in command for command in starts)
    assert any("RAY_AUTH_MODE=token" in command for command in launcher["setup_commands"])
    assert "--dashboard-host=127.0.0.1" in launcher["head_start_ray_commands"][-1]
    assert [rule["FromPort"] for rule in launcher["provider"]["security_group"]["IpPermissions"]] == [22]


def test_what_the_launcher_copies_is_there(launcher):
    for source in launcher["file_mounts"].values():
        assert source.startswith("~") or (REPOSITORY / source).exists(), source


def test_ray_finds_head_and_gpus_in_the_manifest(manifests):
    cluster = copy.deepcopy(manifests["RayCluster"])
    cluster["metadata"]["namespace"] = "default"
    derived = _derive_autoscaling_config_from_ray_cr(cluster)
    validate_config(derived)
    head, gpu = derived["available_node_types"].values()
    assert head["resources"]["CPU"] == 0
    assert gpu["resources"]["GPU"] == 1
    assert gpu["resources"]["CPU"] == 8
    assert gpu["min_workers"] == gpu["max_workers"] == 4
    assert cluster["spec"]["authOptions"] == {"mode": "token"}


def test_the_job_of_the_manifest_has_what_any_job_has(manifests):
    job = manifests["RayJob"]["spec"]
    runtime_env = YAML(typ="safe").load(job["runtimeEnvYAML"])
    shared = YAML(typ="safe").load(REPOSITORY / "pipelines/runtime_env.yaml")["env_vars"]
    assert runtime_env["env_vars"].items() <= shared.items()
    assert (REPOSITORY / job["entrypoint"].split()[1]).is_file()
    assert job["clusterSelector"]["ray.io/cluster"] == manifests["RayCluster"]["metadata"]["name"]
