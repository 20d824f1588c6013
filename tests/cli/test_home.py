"""Where a stage's things lie, and that a Ray job does not lose them."""

import json
from pathlib import Path

import pytest

from facealign.cluster.config import ClusterConfig
from facealign.config import UserError
from facealign.workflows import workspace
from facealign.workflows.settings import Params, resolve_storage
from facealign.workflows.workspace import git_commit


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch, tmp_path):
    for name in (workspace.HOME_VARIABLE, "MLFLOW_TRACKING_URI", "RAY_JOB_CONFIG_JSON_ENV_VAR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def in_a_job(monkeypatch):
    config = {"metadata": {"job_submission_id": "raysubmit_1", "git_commit": "c0ffee"}}
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(config))


def test_without_a_home_all_stays_in_the_current_folder():
    params = Params()
    assert resolve_storage(params) == params
    assert workspace.folder() == Path()


@pytest.mark.parametrize(
    ("place", "storage", "found"),
    [
        ("/mnt/faces/", "runs", "/mnt/faces/runs"),
        ("/mnt/faces", "/elsewhere", "/elsewhere"),
        ("s3://bucket/faces", "runs", "s3://bucket/faces/runs"),
        ("s3://bucket/faces", "/mnt/runs", "/mnt/runs"),
        ("/mnt/faces", "s3://bucket/runs", "s3://bucket/runs"),
    ],
)
def test_a_relative_storage_lies_at_home(monkeypatch, place, storage, found):
    monkeypatch.setenv(workspace.HOME_VARIABLE, place)
    assert resolve_storage(Params(cluster=ClusterConfig(storage=storage))).cluster.storage == found


def test_a_relative_home_is_refused(monkeypatch):
    monkeypatch.setenv(workspace.HOME_VARIABLE, "faces")
    with pytest.raises(UserError, match="'faces'; write an absolute path or a URI"):
        resolve_storage(Params())


def test_a_job_names_all_that_would_be_lost(in_a_job):
    with pytest.raises(UserError) as error:
        resolve_storage(Params())
    assert "FACEALIGN_HOME is not set" in str(error.value)
    assert "sqlite:///mlflow.db" in str(error.value)


def test_a_job_with_lasting_addresses_is_let_run(in_a_job, monkeypatch):
    monkeypatch.setenv(workspace.HOME_VARIABLE, "s3://bucket/faces")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    resolve_storage(Params())


def test_the_commit_of_a_job_is_what_its_submission_says(in_a_job):
    assert git_commit() == "c0ffee"


def test_what_is_delivered_to_a_bucket_can_be_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv(workspace.HOME_VARIABLE, (tmp_path / "bucket").as_uri())
    made = workspace.folder() / "outputs" / "trained" / "awing"
    (made / "model").mkdir(parents=True)
    (made / "model" / "weights").write_bytes(b"weights")
    (made / "run.json").write_text("{}")
    workspace.upload(made)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    workspace.download(made)
    assert (elsewhere / made / "model" / "weights").read_bytes() == b"weights"
    workspace.download(workspace.folder() / "outputs" / "never-made")
    assert not (elsewhere / "outputs" / "never-made").exists()


def test_with_a_folder_for_home_nothing_is_copied(monkeypatch, tmp_path):
    monkeypatch.setenv(workspace.HOME_VARIABLE, str(tmp_path))
    assert workspace.folder() == tmp_path
    workspace.upload(tmp_path / "never-made")
    workspace.download(tmp_path / "never-made")
    assert workspace.state_folder() == tmp_path / "runs"
