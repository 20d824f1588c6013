"""Several nodes on one machine, each a real ``ray start`` in a network namespace, and what befalls them."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from cluster.faults import longer, same_weights
from cluster.nodes import in_namespaces, namespaces_work
from facealign.training import World, fit
from facealign.training.progress import Progress

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not namespaces_work(), reason="needs the right to make network namespaces"),
]

_SCENARIO = Path(__file__).with_name("scenario.py")
_HASTE = {
    "RAY_TRAIN_PREEMPTION_POLL_INTERVAL_S": "0.5",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "20",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 40)


@pytest.fixture(scope="module")
def undisturbed(job, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    assert play("undisturbed", job, folder, nodes=2) == 0
    return folder


def play(fault, job, folder, *, nodes, at=30, **config):
    settings = {"workers": 2, "storage": str(folder / "runs"), **config}
    driver = {"job": job.model_dump(mode="json"), "config": settings, "folder": str(folder)}
    spec = {
        "folder": str(folder),
        "nodes": nodes,
        "fault": fault,
        "at": at,
        "driver": driver,
        "environment": _HASTE,
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    search = os.pathsep.join(entry for entry in sys.path if entry)
    process = in_namespaces([sys.executable, str(_SCENARIO), str(path)], env={**os.environ, "PYTHONPATH": search})
    return process.wait()


def events(folder, kind):
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


@pytest.mark.parametrize("nodes", [2, 3])
def test_nodes_learn_what_one_process_learns(nodes, tiny_job, tmp_path):
    job = tiny_job.model_copy(update={"train": tiny_job.train.model_copy(update={"batch_size": 6})})
    assert play("undisturbed", job, tmp_path, nodes=nodes, workers=nodes, at=1) == 0
    alone = fit(job, World(), _Silent())
    # Batch normalization sees a share of the faces in each worker, and all in one process: close, not equal.
    assert [e["loss"] for e in events(tmp_path, "epoch")] == pytest.approx(
        [r.loss for r in alone.history], rel=0.1
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("node_lost", "worker"),
        ("node_cut_off", "worker"),
        ("node_told_to_go", "a node was drained"),
    ],
)
def test_another_node_takes_over(fault, reason, job, tmp_path, undisturbed):
    assert play(fault, job, tmp_path, nodes=3) == 0
    restarts = events(tmp_path, "restart")
    assert restarts
    assert reason in restarts[0]["reason"]
    assert same_weights(tmp_path, undisturbed)
    if fault == "node_told_to_go":
        steps = [event["step"] for event in events(tmp_path, "log")]
        assert sorted(set(steps)) == steps, "no step was taken twice"


def test_a_killed_driver_of_a_running_cluster_goes_on(job, tmp_path, undisturbed):
    assert play("driver_killed", job, tmp_path, nodes=2) == 0
    assert same_weights(tmp_path, undisturbed)


def test_fewer_nodes_and_more_again(job, tmp_path):
    """Another number of workers sums in another order: the same training, but not to the bit."""
    endless, bounds = longer(job, 10_000), {"min": 1, "max": 2}
    status = play("node_lost_and_another_comes", endless, tmp_path, nodes=2, workers=bounds)
    assert status == 128 + signal.SIGTERM, "saved, and can go on"
    assert [(e["before"], e["workers"]) for e in events(tmp_path, "resize")] == [(2, 1), (1, 2)]


def test_a_node_that_stays_away_is_named_in_the_end(job, tmp_path):
    assert play("node_lost", job, tmp_path, nodes=2, max_failures=2) == 2
    told = (tmp_path / "driver.log").read_text()
    assert "given up after 2 restarts (cluster.max_failures): the cluster had no room for 2 workers" in told
    assert "set it to {min, max}" in told


class _Silent:
    def log(self, metrics, step): ...
    def epoch(self, progress: Progress, step): ...
    def checkpoint(self, folder, score): ...
    def stop_requested(self):
        return False
