"""A run has each metric of training once for each step, whatever happens to those who say it."""

import json
import subprocess
import sys
import time

import pytest

from facealign.tracking import MlflowTracker, open_run, to_json, tracker_for
from facealign.tracking.once import WRITER
from tracking.conftest import with_facealign

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow under SQLAlchemy 2.1

KILLED_BEFORE_THE_MARK = """
import json, os, signal, sys
from pathlib import Path
from facealign.tracking import RunHandle, tracker_for
from facealign.tracking.spool import Spool

Spool.mark_sent = lambda spool, end: os.kill(os.getpid(), signal.SIGKILL)
tracker = tracker_for(RunHandle(**json.loads(sys.argv[1])), Path(sys.argv[2]))
for step in range(10):
    tracker.metrics({"loss": 10.0 - step, "rate": 100.0 + step}, step)
tracker.close()
"""


def _client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri)


def _history(handle, key):
    return [(figure.step, figure.value) for figure in _client(handle).get_metric_history(handle.run_id, key)]


def _train(tracker, steps, rate):
    for step in steps:
        tracker.metrics({"loss": float(step), "rate": rate}, step)


@pytest.mark.parametrize("other", ["", "elsewhere"], ids=["same machine", "another machine"])
def test_steps_done_again_after_a_restart_are_there_once(store, tmp_path, other):
    handle = open_run(store, "faces", f"again-{other or 'here'}", "run")
    first = tracker_for(handle, tmp_path)
    _train(first, range(30), rate=1.0)
    first.close()
    second = tracker_for(handle, tmp_path / other)
    _train(second, range(20, 50), rate=2.0)
    second.close()
    assert _history(handle, "loss") == [(step, float(step)) for step in range(50)]
    assert _history(handle, "rate") == [(step, 1.0 if step < 30 else 2.0) for step in range(50)]


def test_steps_done_again_before_anything_was_delivered_are_there_once(store, tmp_path):
    handle = open_run(store, "faces", "again-undelivered", "run")
    tracker = tracker_for(handle, tmp_path)
    _train(tracker, range(30), rate=1.0)
    _train(tracker, range(20, 50), rate=2.0)
    tracker.close()
    assert _history(handle, "rate") == [(step, 1.0 if step < 30 else 2.0) for step in range(50)]


@pytest.mark.thorough
def test_a_lost_machine_that_comes_back_late_adds_only_what_is_missing(store, tmp_path):
    """Its spool is replayed while the training, which has gone on elsewhere, is running."""
    handle = open_run(store, "faces", "lost", "run")
    elsewhere = MlflowTracker(handle, tmp_path / "elsewhere")
    _train(elsewhere, range(10, 20), rate=2.0)
    while len(_history(handle, "rate")) < 10:
        time.sleep(0.05)
    lost = MlflowTracker(handle, tmp_path / "lost")
    _train(lost, range(25), rate=1.0)
    lost.close()
    _train(elsewhere, range(20, 40), rate=2.0)
    elsewhere.close()
    steps = sorted(_history(handle, "rate"))
    assert steps == [(step, 2.0 if 10 <= step < 20 or step >= 25 else 1.0) for step in range(40)]


@pytest.mark.thorough
def test_killed_between_the_delivery_and_its_mark(store, tmp_path):
    handle = open_run(store, "faces", "killed-between", "run")
    command = [sys.executable, "-c", KILLED_BEFORE_THE_MARK, json.dumps(to_json(handle)), str(tmp_path)]
    died = subprocess.run(command, check=False, capture_output=True, env=with_facealign())
    assert died.returncode == -9, died.stderr
    delivered = len(_history(handle, "loss"))
    assert delivered > 0
    # Killed early, the process may have written more steps than it had delivered: these are delivered later.
    *lines, _ = (tmp_path / handle.run_id / "0" / "records.jsonl").read_text().split("\n")
    written = {record["step"] for record in map(json.loads, lines) if record.get("key") == "loss"}
    assert len(written) >= delivered

    tracker = tracker_for(handle, tmp_path)
    for step in range(5, 20):
        tracker.metrics({"loss": 10.0 - step, "rate": 200.0 + step}, step)
    tracker.close()
    assert [step for step, _ in sorted(_history(handle, "loss"))] == sorted({*written, *range(5, 20)})
    assert not (tmp_path / handle.run_id).exists()


def test_a_result_replaces_the_one_before(store, tmp_path):
    handle = open_run(store, "faces", "results", "run")
    for nme in (0.05, 0.04):
        tracker = tracker_for(handle, tmp_path)
        tracker.results({"test/nme": nme})
        tracker.close()
    assert _client(handle).get_run(handle.run_id).data.metrics["test/nme"] == 0.04


@pytest.mark.thorough
def test_a_run_is_asked_once_for_each_key_while_one_writes(store, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    asked = []
    ask = MlflowClient.get_metric_history
    monkeypatch.setattr(
        MlflowClient, "get_metric_history", lambda self, run, key: asked.append(key) or ask(self, run, key)
    )
    handle = open_run(store, "faces", "asked", "run")
    tracker = tracker_for(handle, tmp_path)
    for part in range(3):
        _train(tracker, range(10 * part, 10 * part + 10), rate=1.0)
        while WRITER not in _client(handle).get_run(handle.run_id).data.tags:
            time.sleep(0.05)
    tracker.close()
    assert sorted(asked) == ["loss", "rate"]
