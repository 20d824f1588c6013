"""`facealign train`, as a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from facealign.training import load_model

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = """\
seed: 3
method:
  awing:
    model: {network: {stacks: 1, width: 16}}
    train: {epochs: 3, batch_size: 8, log_every: 1, precision: fp32, ema: 0.5}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_shards):
    """Prepared faces, settings, and a Python to which Ray and MLflow are unknown."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(tiny_shards, folder / "outputs" / "shards")
    (folder / "params.yaml").write_text(SETTINGS)
    (folder / "hidden").mkdir()
    for name in ("ray", "mlflow"):
        (folder / "hidden" / f"{name}.py").write_text("raise ImportError('a plain training has no need of it')\n")
    return folder


def start(project, *arguments):
    paths = [str(project / "hidden"), str(REPOSITORY / "platform")]
    return subprocess.Popen(
        [sys.executable, "-m", "facealign.cli.main", "train", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.thorough
def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_goes_on(project):
    whole = start(project, "awing", "--plain", "--device", "cpu", "--out", "whole")
    first = start(project, "awing", "--plain", "--device", "cpu", "--set", "cluster.storage=mine")
    seen = ""
    with first:
        for line in first.stdout:
            seen += line
            if line.startswith("epoch 1/3"):
                first.send_signal(signal.SIGINT)
    assert first.returncode == 130, seen
    assert "the checkpoint is kept, and the same command goes on from it" in seen
    assert "Traceback" not in seen
    second = start(project, "awing", "--plain", "--device", "cpu", "--set", "cluster.storage=mine")
    output = second.communicate()[0]
    assert second.returncode == 0, output
    assert "going on with" in output
    assert "epoch 1/3" not in output
    assert "the best model is in outputs/trained/awing/model" in output
    undisturbed = whole.communicate()[0]
    assert whole.returncode == 0, undisturbed
    a, b = (
        load_file(folder / "model" / "weights.safetensors")
        for folder in (project / "whole", project / "outputs" / "trained" / "awing")
    )
    assert all(torch.equal(a[name], b[name]) for name in a)
    metrics = json.loads((project / "whole" / "training.json").read_text())
    assert metrics["epochs"] == 3
    assert load_model(project / "whole" / "model").card.job.train.ema == 0.5
    assert not list((project / "mine").iterdir())
    assert not list((project / "runs").iterdir())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["awing", "--device", "cpu"], "--device and --out go with --plain"),
        (
            ["awing", "--plain", "--set", "cluster.storage=s3://bucket"],
            "name a folder: --set cluster.storage=runs",
        ),
        (["awing", "--plain", "--set", "method.awing.train.epochs=0"], "method.awing.train.epochs: "),
        (["awnig", "--plain"], "awnig"),
    ],
)
def test_what_cannot_be_is_one_message(project, arguments, message):
    process = start(project, *arguments)
    output = process.communicate()[0]
    assert process.returncode == 2, output
    assert message in output
    assert "Traceback" not in output
