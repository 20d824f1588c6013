"""The whole road with an S3 bucket for home: each stage finds there what the stage before has left."""

import json
import subprocess
import sys

import boto3
import pytest

from s3 import BUCKET, s3_server

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def server():
    with s3_server() as variables:
        yield variables


def test_every_stage_finds_in_the_bucket_what_the_one_before_has_left(
    server, project, environment, tiny_shards, tmp_path
):
    variables = {
        **environment,
        **server,
        "FACEALIGN_HOME": f"s3://{BUCKET}/home",
        "FACEALIGN_SHARDS": str(tiny_shards),
        "FACEALIGN_CACHE": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
    }
    for number, command in enumerate(
        (
            ["pipelines/train.py", "awing"],
            ["pipelines/evaluate.py", "awing"],
            ["pipelines/register.py"],
            ["-m", "facealign", "summary"],
        )
    ):
        # Each in a folder of its own, as Ray jobs are, with nothing but the project.
        folder = tmp_path / str(number)
        folder.mkdir()
        for part in ("platform", "pipelines", "params.yaml"):
            (folder / part).symlink_to(project / part)
        line = [sys.executable, *command]
        done = subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "(candidate)" in done.stdout  # six faces promote nothing
    bucket = boto3.client("s3")
    keys = {item["Key"] for item in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert {f"home/outputs/{name}" for name in ("registered.json", "trained/awing/run.json")} <= keys
    assert not any(key.startswith("home/runs/awing") for key in keys), (
        "checkpoints of a finished training are gone"
    )
    registered = json.loads(bucket.get_object(Bucket=BUCKET, Key="home/outputs/registered.json")["Body"].read())
    assert registered["gate"]["rule"] == "too few photos"
