"""The pipeline's scripts as Ray jobs: submitted, followed, failed, stopped and submitted again."""

import csv
import json
import re
import shutil

import pytest
from ruamel.yaml import YAML

from isolated_cluster import DASHBOARD, Island, isolated_cluster
from params_file import overlay

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster():
    with isolated_cluster() as one:
        one.head(cpus=2)
        yield one


@pytest.fixture(scope="module")
def submit(cluster, project, tiny_shards, tmp_path_factory):
    """Starts `ray job submit` in a copy of the project, as the comment in runtime_env.yaml says."""
    copy = tmp_path_factory.mktemp("submitted") / "project"
    shutil.copytree(project, copy)
    overlay(
        copy / "pipelines/runtime_env.yaml",
        {
            "env_vars": {
                "FACEALIGN_HOME": str(cluster.folder / "home"),
                "FACEALIGN_SHARDS": str(tiny_shards),
                "MLFLOW_TRACKING_URI": f"sqlite:///{cluster.folder}/mlflow.db",
            }
        },
    )

    def start(*entrypoint: str, runtime_env: str = "pipelines/runtime_env.yaml", options: tuple[str, ...] = ()):
        where = ("--address", DASHBOARD, "--working-dir", ".", "--runtime-env", runtime_env)
        return cluster.start("ray", "job", "submit", *where, *options, "--", *entrypoint, cwd=copy)

    start.folder = copy
    return start


def finished(process) -> str:
    """All that a submission printed, once its job has ended."""
    return process.communicate(timeout=240)[0]


def lines_until(process, part: str) -> list[str]:
    """The output's lines up to one that has ``part``."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if part in line:
            return lines
    raise AssertionError(f"{part!r} never came:\n{''.join(lines)}")


def test_a_training_is_followed_line_by_line_and_outlives_its_folder(cluster, submit):
    commit = json.dumps({"git_commit": "c0ffee"})
    process = submit("python", "pipelines/train.py", "awing", options=("--metadata-json", commit))
    output = finished(process)
    assert process.returncode == 0, output
    assert "succeeded" in output
    assert "\r" not in output
    epochs = re.findall(r"^epoch +(\d)/2 .*$", output, re.MULTILINE)
    assert epochs == ["1", "2"], output
    trained = cluster.folder / "home/outputs/trained/awing"
    assert {path.name for path in (trained / "model").iterdir()} == {"model.json", "weights.safetensors"}
    assert json.loads((trained / "run.json").read_text())["commit"] == "c0ffee"
    assert [path.name for path in (cluster.folder / "home/runs").iterdir()] == ["spool"]


def test_what_a_job_made_another_job_finds(cluster, submit):
    process = submit("python", "pipelines/evaluate.py", "awing")
    output = finished(process)
    assert process.returncode == 0, output
    assert "test NME" in output
    assert (cluster.folder / "home/outputs/evaluated/awing/evaluation.json").is_file()


def test_a_job_that_would_lose_what_it_makes_fails_with_the_reason(submit):
    yaml = YAML()
    path = submit.folder / "pipelines/runtime_env.yaml"
    tree = yaml.load(path)
    del tree["env_vars"]["FACEALIGN_HOME"], tree["env_vars"]["MLFLOW_TRACKING_URI"]
    yaml.dump(tree, submit.folder / "homeless.yaml")
    process = submit("python", "pipelines/train.py", "awing", runtime_env="homeless.yaml")
    output = finished(process)
    assert process.returncode == 1
    assert "failed with exit code 2" in output
    assert "FACEALIGN_HOME is not set" in output
    assert "sqlite:///mlflow.db, a file in its folder" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_ray_job_stop_leaves_a_checkpoint_and_the_same_submission_goes_on(cluster: Island, submit):
    overlay(
        submit.folder / "params.yaml", {"seed": 1, "method": {"awing": {"train": {"epochs": 16, "log_every": 2}}}}
    )
    first = submit("python", "pipelines/train.py", "awing", options=("--submission-id", "stopped-one"))
    lines_until(first, "epoch  2/16")
    stop = cluster.run("ray", "job", "stop", "--address", DASHBOARD, "stopped-one", cwd=submit.folder)
    assert stop.returncode == 0, stop.stdout
    rest = finished(first)
    assert "the checkpoint is kept" in rest, rest
    assert "was stopped" in rest
    last = max(map(int, re.findall(r"^epoch +(\d+)/16", rest, re.MULTILINE)), default=2)
    assert last < 16, "it was stopped in the middle"
    second = submit("python", "pipelines/train.py", "awing")
    output = finished(second)
    assert second.returncode == 0, output
    assert "going on with" in output
    done = list(map(int, re.findall(r"^epoch +(\d+)/16", output, re.MULTILINE)))
    assert done == list(range(last + 1, 17)), output
    assert (cluster.folder / "home/outputs/trained/awing/model/weights.safetensors").is_file()


SEARCH = """
name: job
method: awing
space: {train.optimizer.lr: {low: 1.0e-4, high: 1.0e-2, log: true}}
fixed: {train.epochs: 6}
sampler: {name: random}
pruner: {name: none}
budget: {trials: 3}
confirm: null
concurrency: 1
"""


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_with_the_same_submission(cluster: Island, submit):
    (submit.folder / "job.yaml").write_text(SEARCH)
    overlay(submit.folder / "params.yaml", {"cluster": {"workers": 1}})
    entrypoint = ("python", "pipelines/search.py", "job.yaml", "--continue")
    first = submit(*entrypoint, options=("--submission-id", "stopped-search"))
    lines_until(first, "trial 0  finished")
    stop = cluster.run("ray", "job", "stop", "--address", DASHBOARD, "stopped-search", cwd=submit.folder)
    assert stop.returncode == 0, stop.stdout
    rest = finished(first)
    assert "was stopped" in rest
    assert "3 of 3 trials" not in rest, "it was stopped in the middle"
    second = submit(*entrypoint)
    output = finished(second)
    assert second.returncode == 0, output
    assert "trial 0  begins" not in output
    assert "3 of 3 trials" in output
    with (cluster.folder / "home/outputs/search/job/trials.csv").open(newline="") as file:
        trials = list(csv.DictReader(file))
    assert [(trial["number"], trial["state"], trial["epochs"]) for trial in trials] == [
        (number, "COMPLETE", "6") for number in "012"
    ]
    assert (cluster.folder / "home/outputs/search/job/best.yaml").is_file()
