"""The whole road by `dvc repro`: made once, then asked what a user asks of it. The tests build on each other."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from params_file import overlay

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def repro(project, run):
    return run("dvc", "repro").stdout


def ran(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def test_every_stage_runs_and_leaves_its_outs(project, repro):
    assert ran(repro) == ["prepare", "train@awing", "evaluate@awing", "register"]
    evaluation = json.loads((project / "outputs/evaluated/awing/evaluation.json").read_text())
    assert evaluation["test"]["faces"] == 6
    assert {"nme", "auc", "failure_rate"} <= evaluation["mean_shape"].keys()
    training = json.loads((project / "outputs/trained/awing/training.json").read_text())
    assert training["epochs"] == 2
    for name in ("faces.png", "ced.png"):
        assert (project / "outputs/evaluated/awing/pictures" / name).stat().st_size > 10_000
    assert not [path for path in (project / "runs").iterdir() if path.name != "spool"]


def test_the_run_and_the_candidate_are_in_mlflow(project, repro):
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    version = client.get_model_version_by_alias("facealign-synthetic", "candidate")
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["method.awing.train.epochs"] == "2"
    assert {"data_digest", "config_hash", "git_commit", "method"} <= run.data.tags.keys()
    (dataset,) = run.inputs.dataset_inputs
    assert run.data.tags["data_digest"].startswith(dataset.dataset.digest)
    history = client.get_metric_history(run.info.run_id, "validation/nme")
    assert len(history) == 2
    assert {"test/nme", "mean_shape/nme", "train/loss"} <= run.data.metrics.keys()
    assert run.data.metrics["validation/best_nme"] == min(metric.value for metric in history)
    artifacts = {
        item.path
        for folder in ("plots", "evaluation", "gate")
        for item in client.list_artifacts(run.info.run_id, folder)
    }
    drawn = {"plots/learning_curve.png", "evaluation/faces.png", "evaluation/ced.png"}
    assert drawn | {"gate/version-1.json"} <= artifacts
    assert version.tags["data_digest"] == run.data.tags["data_digest"]
    assert "6 test photos are too few" in version.tags["decision"]


def test_a_model_promoted_by_hand_is_traced_to_its_data(project, run, repro):
    said = run("facealign", "rollback", "facealign-synthetic", "--to", "1", "--reason", "a test").stdout
    assert "models:/facealign-synthetic@champion is version 1 now" in said
    told = json.loads(run("facealign", "trace", "models:/facealign-synthetic@champion", "--json").stdout)
    assert told["here"] == {"commit": "agrees", "faces": "agrees", "settings": "agrees"}
    assert told["made"]["status"] == "FINISHED"
    assert told["data"]["faces"] == {"test": 6, "train": 37, "val": 11}


def test_a_second_repro_does_nothing(run, repro):
    assert ran(run("dvc", "repro").stdout) == []


def test_what_is_in_the_data_sets_folder_is_watched(project, run, repro):
    (project / "faces/new.pts").write_text("version: 1\n")
    assert "prepare" in run("dvc", "status").stdout
    (project / "faces/new.pts").unlink()


def test_a_changed_evaluation_reruns_what_depends_on_it(project, run, repro):
    overlay(project / "params.yaml", {"evaluation": {"failure_threshold": 0.08}})
    assert ran(run("dvc", "repro").stdout) == ["evaluate@awing", "register"]


def test_dvc_shows_metrics_plots_and_differences(project, run, repro):
    metrics = json.loads(run("dvc", "metrics", "show", "--json").stdout)[""]["data"]
    assert "validation_nme" in metrics["outputs/trained/awing/training.json"]["data"]
    page = run("dvc", "plots", "show", "--out", "outputs/plots").stdout.strip()
    text = (project / "outputs/plots/index.html").read_text()
    assert page.endswith("index.html")
    assert "validation_nme" in text
    assert "nme_percent" in text
    assert "failure_threshold" in run("dvc", "params", "diff").stdout


def test_the_summary_names_the_figures_and_the_model(run, repro):
    text = run("facealign", "summary").stdout
    assert "awing" in text
    assert "models:/facealign-synthetic/1 (champion)" in text
    assert "\x1b" not in text


def test_an_experiment_with_another_setting(project, run, repro):
    done = run("dvc", "exp", "run", "-S", "evaluation.faces=3")
    assert ran(done.stdout) == ["evaluate@awing", "register"]
    assert "evaluation.faces" in run("dvc", "exp", "show", "--csv").stdout


@pytest.mark.slow  # `facealign train` has the same test, and that one runs always
def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_goes_on(project, environment, repro):
    overlay(project / "params.yaml", {"seed": 1, "method": {"awing": {"train": {"epochs": 12}}}})
    first = start_training(project, environment)
    wait_for(first, "epoch  2/12")
    first.send_signal(signal.SIGINT)
    rest = first.stdout.read()
    assert first.wait(60) == 128 + signal.SIGINT, rest
    assert "the checkpoint is kept" in rest
    assert "Traceback" not in rest
    second = start_training(project, environment)
    output = second.communicate(timeout=120)[0]
    assert second.returncode == 0, output
    assert "going on with" in output
    assert "epoch  1/12" not in output
    assert "epoch 12/12" in output


def start_training(project: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "pipelines/train.py", "awing"],
        cwd=project,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], text: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    seen = []
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        seen.append(line)
        if text in line:
            return
        if not line and process.poll() is not None:
            break
    os.kill(process.pid, signal.SIGKILL)
    pytest.fail(f"{text!r} did not come:\n{''.join(seen)}")
