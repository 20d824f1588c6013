import json
import math
import shutil
import time
from dataclasses import replace

import pytest

from facealign.config import UserError
from facealign.tracking import Away, MlflowTracker, NullTracker, RunHandle, end_run, open_run, replay, tracker_for

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
]


def _client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri)


def _history(handle, key):
    return [(figure.step, figure.value) for figure in _client(handle).get_metric_history(handle.run_id, key)]


def _away(handle):
    """The same run at an address where nobody listens."""
    return replace(handle, uri="http://127.0.0.1:9")


def test_everything_a_run_says_is_in_mlflow(store, tmp_path):
    handle = open_run(store, "faces", "says", "run")
    tracker = tracker_for(handle, tmp_path / "spools")
    tracker.params({"lr": 0.1, "flip": True, "none": None, "long": "x" * 7000})
    tracker.tags({"study": "s1"})
    for step in range(1, 301):
        tracker.metrics({"loss": 1 / step, "train/nme": step}, step)
    tracker.metrics({"odd": math.nan}, 1)
    report = tmp_path / "report.txt"
    report.write_text("well")
    tracker.artifact(report, "reports")
    report.unlink()
    tracker.close("FINISHED")

    run = _client(handle).get_run(handle.run_id)
    assert run.info.status == "FINISHED"
    assert {key: run.data.params[key] for key in ("lr", "flip", "none")} == {
        "lr": "0.1",
        "flip": "True",
        "none": "None",
    }
    assert run.data.params["long"].endswith("(cut)")
    assert run.data.tags["study"] == "s1"
    assert _history(handle, "loss") == [(step, 1 / step) for step in range(1, 301)]
    assert math.isnan(run.data.metrics["odd"])
    assert [file.path for file in _client(handle).list_artifacts(handle.run_id, "reports")] == [
        "reports/report.txt"
    ]


def test_delivering_twice_makes_nothing_two(store, tmp_path):
    handle = open_run(store, "faces", "twice", "run")
    tracker = tracker_for(handle, tmp_path)
    tracker.params({"lr": 0.1})
    for step in range(50):
        tracker.metrics({"loss": float(step), "odd": math.nan}, step)
    kept = shutil.copytree(tmp_path / handle.run_id, tmp_path / "kept")
    (kept / "0" / "sent").unlink(missing_ok=True)
    tracker.close("FINISHED")
    assert not (tmp_path / handle.run_id).exists()
    shutil.copytree(kept, tmp_path / handle.run_id)
    assert replay(tmp_path / handle.run_id).delivered == 101
    assert _history(handle, "loss") == [(step, float(step)) for step in range(50)]
    assert len(_history(handle, "odd")) == 50


def test_a_second_attempt_goes_on_in_the_same_spool(store, tmp_path):
    handle = open_run(store, "faces", "attempts", "run")
    first = tracker_for(handle, tmp_path)
    first.metrics({"loss": 1.0}, 1)
    first.close("FAILED")
    assert open_run(store, "faces", "attempts", "run") == handle
    second = tracker_for(handle, tmp_path)
    second.metrics({"loss": 0.5}, 2)
    second.close()
    assert _history(handle, "loss") == [(1, 1.0), (2, 0.5)]
    assert _client(handle).get_run(handle.run_id).info.status == "RUNNING"


@pytest.mark.thorough
def test_an_end_that_arrives_late_does_not_end_the_next_attempt(store, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    handle = open_run(store, "faces", "late", "run")
    MlflowTracker(_away(handle), tmp_path, patience=2).close("FAILED")
    time.sleep(0.002)
    open_run(store, "faces", "late", "run")
    tracker = tracker_for(handle, tmp_path)
    tracker.close()
    assert not (tmp_path / handle.run_id).exists()
    assert _client(handle).get_run(handle.run_id).info.status == "RUNNING"


def test_looking_in_on_a_finished_run_leaves_it_finished(store, tmp_path):
    handle = open_run(store, "faces", "finished", "run")
    tracker_for(handle, tmp_path).close("FINISHED")
    tracker = tracker_for(handle, tmp_path)
    tracker.results({"test/nme": 0.04})
    tracker.close()
    run = _client(handle).get_run(handle.run_id)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"test/nme": 0.04})


def test_a_changed_param_stays_and_what_is_refused_holds_nothing_back(store, tmp_path, caplog):
    handle = open_run(store, "faces", "changed", "run")
    tracker = tracker_for(handle, tmp_path)
    tracker.params({"lr": 0.1})
    tracker.params({"lr": 0.2, "epochs": 3})
    tracker.metrics({"bad@name": 1.0, "good": 2.0}, 1)
    tracker.close()
    run = _client(handle).get_run(handle.run_id)
    assert run.data.params == {"lr": "0.1", "epochs": "3"}
    assert run.data.metrics == {"good": 2.0}
    refused = (tmp_path / handle.run_id / "0" / "refused.jsonl").read_text().splitlines()
    assert [json.loads(json.loads(line)["line"])["key"] for line in refused] == ["bad@name"]
    assert "refused" in caplog.text


@pytest.mark.thorough
def test_without_a_server_the_run_goes_on_and_replay_delivers(store, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    handle = open_run(store, "faces", "outage", "run")
    tracker = MlflowTracker(_away(handle), tmp_path, patience=2)
    for step in range(100):
        tracker.metrics({"loss": float(step)}, step)
    assert tracker.close("FINISHED") == 101
    assert f"facealign sync {tmp_path / handle.run_id}" in caplog.text
    with pytest.raises(Away, match=r"http://127.0.0.1:9 does not take the 101 records.*start the server"):
        replay(tmp_path / handle.run_id)
    assert replay(tmp_path / handle.run_id, handle.uri).delivered == 101
    assert not (tmp_path / handle.run_id).exists()
    assert _history(handle, "loss") == [(step, float(step)) for step in range(100)]
    assert _client(handle).get_run(handle.run_id).info.status == "FINISHED"


def test_a_spool_may_hold_the_password_and_is_for_its_owner_alone(store, tmp_path):
    handle = open_run(store, "faces", "mode", "run")
    tracker = tracker_for(handle, tmp_path)
    assert (tmp_path / handle.run_id / "run.json").stat().st_mode & 0o077 == 0
    tracker.close()


def test_nobody_listens_where_there_is_no_run(tmp_path):
    assert isinstance(tracker_for(None, tmp_path), NullTracker)


def test_a_worker_that_does_not_see_the_sqlite_file_says_so(tmp_path):
    handle = RunHandle(f"sqlite:///{tmp_path}/elsewhere.db", "1", "run", "run")
    with pytest.raises(UserError, match=r"elsewhere\.db, which this machine does not see.*MLflow server"):
        tracker_for(handle, tmp_path)
    assert not (tmp_path / "elsewhere.db").exists()


def test_replay_of_a_folder_that_is_no_spool(tmp_path):
    with pytest.raises(UserError, match="no spool of a run"):
        replay(tmp_path)


@pytest.mark.thorough
def test_the_end_is_behind_all_that_this_machine_holds(store, tmp_path, monkeypatch):
    """Two writers left spools; whoever says the end delivers both."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    handle = open_run(store, "faces", "end", "run")
    first, second = (MlflowTracker(_away(handle), tmp_path, patience=2) for _ in range(2))
    first.metrics({"loss": 1.0}, 1)
    second.results({"test/nme": 0.05})
    assert (first.close(), second.close()) == (1, 1)
    assert end_run(handle, "FINISHED", tmp_path) == 0
    run = _client(handle).get_run(handle.run_id)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"loss": 1.0, "test/nme": 0.05})
    assert not (tmp_path / handle.run_id).exists()
