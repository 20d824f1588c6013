"""A registered version traced back to data, commit, settings, job and search, and made comparable here."""

import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from facealign import tracking
from facealign.cli.main import main as facealign
from facealign.cluster.environment import Submission
from facealign.data.shards.index import Index
from facealign.registry import Candidate, Measuring, register_best
from facealign.workflows import training_outputs, workspace
from facealign.workflows.settings import load_params
from facealign.workflows.workspace import git_commit, uncommitted
from registry.conftest import SIX, found, method  # noqa: F401 - fixtures

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]
PARAMS = {
    "seed": 5,
    "data": {"source": "synthetic", "crop": {"size": 64}},
    "method": {"awing": {"model": {"network": {"width": 16}}, "train": {"epochs": 2}}},
}


def git(*arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def registered(tmp_path_factory, tiny_shards, found):  # noqa: F811
    """A project with a change that is not committed, a search whose trial 4 had its settings, and a version."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("traced")
        patch.chdir(folder)
        patch.setattr(workspace, "SPOOL", folder / "runs" / "spool")
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        Path("outputs").mkdir()
        Path("outputs/shards").symlink_to(tiny_shards)
        Path(".gitignore").write_text("outputs\nruns\nmlflow.db\nmlartifacts\n")
        YAML().dump(PARAMS, Path("params.yaml"))
        git("init", "-q")
        git("add", "-A")
        git("commit", "-qm", "project")
        YAML().dump({**PARAMS, "seed": 6}, Path("params.yaml"))
        params, index = load_params(), Index.load(workspace.SHARDS)
        job = params.job("awing", workspace.SHARDS, index.digest)
        run = tracking.open_run(params.tracking, "faces", job.name, job.name)
        commit, patch_of_run = git_commit(), uncommitted()
        with pytest.MonkeyPatch.context() as in_job:
            in_job.setattr(training_outputs, "submission", lambda: Submission("raysubmit_7", {}))
            training_outputs.describe(run, params, job, index)
        tracking.end_run(run, "FINISHED", workspace.SPOOL)
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=run.uri, registry_uri=run.uri)
        search = client.create_run(run.experiment_id, tags={"study": "awing-s1"})
        trial = {"config_hash": job.config_hash, "trial": "4", "mlflow.parentRunId": search.info.run_id}
        client.create_run(run.experiment_id, tags=trial)
        model = client.create_logged_model(run.experiment_id, "model", run.run_id)
        found(0.5).write(folder / "test.arrow")
        candidate = Candidate(
            method="awing",
            run_id=run.run_id,
            model_uri=f"models:/{model.model_id}",
            validation_nme=0.04,
            data_digest=index.digest,
            config_hash=job.config_hash,
            git_commit=commit,
            measured=folder / "test.arrow",
        )
        register_best(run.uri, "facealign-traced", [candidate], Measuring(tiny_shards, "inter_ocular", 0.1), SIX)
        yield folder, candidate, patch_of_run


@pytest.fixture
def said(registered, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["facealign", *arguments])
        with pytest.raises(SystemExit) as exit_:
            facealign()
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, err
        return out

    monkeypatch.chdir(registered[0])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered[0]}/mlflow.db")
    return call


@pytest.mark.parametrize(
    "address", ["models:/facealign-traced@champion", "facealign-traced@candidate", "facealign-traced/1"]
)
def test_every_link_is_reported(registered, said, address):
    _, candidate, patch = registered
    told = json.loads(said("trace", address, "--json"))
    assert (told["version"], told["aliases"]) == ("1", ["candidate", "champion"])
    assert (told["study"], told["trial"], told["submission"]) == ("awing-s1", "4", "raysubmit_7")
    assert (told["config_hash"], told["commit"]) == (candidate.config_hash, candidate.git_commit)
    assert told["commit"].endswith("-dirty")
    assert told["patch"] == patch.count("\n") > 3
    assert (told["data"]["digest"], told["data"]["faces"]["test"]) == (candidate.data_digest, 6)
    assert told["made"]["run_id"] == candidate.run_id
    assert told["settings"]["seed"] == 6
    assert told["decision"].startswith("better than the mean shape")
    assert told["here"] == {
        "commit": "the same commit, with uncommitted changes there or here",
        "faces": "agrees",
        "settings": "agrees",
    }


def test_what_differs_here_is_reported_and_the_commands_fix_it(registered, said):
    git("checkout", "-q", "params.yaml")
    text = said("trace", "facealign-traced", "--out", "traced")
    assert "seed: 6 there, 5 in params.yaml" in text
    commands = text[text.index("Make it again") :]
    assert f"git checkout {registered[1].git_commit.removesuffix('-dirty')}\n" in commands
    git("apply", "--check", "traced/uncommitted.patch")
    said("apply", "traced/config.json")
    assert json.loads(said("trace", "facealign-traced", "--json"))["here"]["settings"] == "agrees"
    git("checkout", "-q", "params.yaml")
    git("apply", "traced/uncommitted.patch")
    assert YAML().load(Path("params.yaml"))["seed"] == 6
    git("commit", "-qam", "another seed")
    assert "1 commits further" in said("trace", "facealign-traced")


def test_versions_by_command(said):
    assert "better than the mean shape" in said("versions", "facealign-traced")
    (row,) = json.loads(said("versions", "facealign-traced", "--json"))
    assert (row["version"], row["aliases"]) == ("1", ["candidate", "champion"])
