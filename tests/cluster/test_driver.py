"""A driver that dies, with a Ray cluster of its own on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cluster.faults import longer, same_weights, wait_until_gone

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_DRIVER = Path(__file__).with_name("driver.py")


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 40)


def start(job, folder, **config):
    folder.mkdir(exist_ok=True)
    config = {"workers": 2, "storage": str(folder / "runs"), **config}
    spec = folder / "driver.json"
    spec.write_text(json.dumps({"job": job.model_dump(mode="json"), "config": config, "folder": str(folder)}))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen([sys.executable, str(_DRIVER), str(spec)], stdout=log, stderr=log, env=environment)


def steps(folder):
    path = folder / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [event["step"] for event in map(json.loads, lines) if event["kind"] == "log"]


def wait_for_step(folder, step, driver):
    while not any(seen >= step for seen in steps(folder)):
        assert driver.poll() is None, (folder / "driver.log").read_text()
        time.sleep(0.1)


def test_sigkill_leaves_nothing_behind_and_the_same_command_goes_on(job, tmp_path, temporary):
    undisturbed = start(job, tmp_path / "undisturbed")
    assert undisturbed.wait() == 0
    driver = start(job, tmp_path / "killed")
    wait_for_step(tmp_path / "killed", 30, driver)
    family = psutil.Process(driver.pid).children(recursive=True)
    assert len(family) > 5, "Ray and the workers"
    driver.kill()
    driver.wait()
    wait_until_gone(family)
    assert start(job, tmp_path / "killed").wait() == 0
    assert same_weights(tmp_path / "killed", tmp_path / "undisturbed")


def test_another_driver_of_the_same_job_is_refused_while_the_first_trains(job, tmp_path, temporary):
    job = longer(job, 4000)  # still running when the second one has started
    first = start(job, tmp_path / "job")
    wait_for_step(tmp_path / "job", 10, first)
    second = start(job, tmp_path / "second", storage=str(tmp_path / "job" / "runs"))
    assert second.wait() == 2
    assert "another process trains this job already" in (tmp_path / "second" / "driver.log").read_text()
    first.send_signal(signal.SIGTERM)
    assert first.wait() == 128 + signal.SIGTERM


def test_a_node_that_runs_out_of_memory(job, tmp_path, temporary, monkeypatch):
    """Ray kills for memory at a level that the machine is already above."""
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.01")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    driver = start(job, tmp_path / "job", max_failures=1)
    assert driver.wait() == 2
    told = (tmp_path / "job" / "driver.log").read_text()
    assert "memory" in told
    assert "lower train.per_device_batch" in told
