"""Runs that are begun while the server is away."""

import logging
from dataclasses import replace

import pytest

from facealign.config import UserError
from facealign.tracking import (
    Away,
    MlflowTracker,
    PendingRun,
    TrackingSettings,
    end_run,
    open_run,
    opened,
    recalled,
    replay,
    system_metrics,
    to_json,
)

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow under SQLAlchemy 2.1

AWAY = TrackingSettings(uri="http://127.0.0.1:9")


def _client(store):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store.uri)


def _runs(store, experiment):
    client = _client(store)
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def _history(store, run, key):
    return [(figure.step, figure.value) for figure in _client(store).get_metric_history(run.info.run_id, key)]


def _attempt(folder, steps, status, fresh=False):
    """One start of a training that finds no server; the folder of its spools."""
    run = open_run(AWAY, "faces", "key", "a name", fresh=fresh, spool_dir=folder)
    tracker = MlflowTracker(run, folder, patience=1)
    for step in steps:
        tracker.metrics({"loss": float(step)}, step)
    tracker.close(status)
    return folder / run.folder


def _to(store, experiment, folder):
    """The run's server is this store: replay to it, in an experiment of the test's own."""
    from facealign.tracking.handles import read_handle, write_handle

    write_handle(replace(read_handle(folder), experiment=experiment), folder)
    replay(folder, store.uri)


def test_a_run_begins_without_a_server_and_says_so(tmp_path, caplog):
    run = open_run(AWAY, "faces", "key", "a name", spool_dir=tmp_path)
    assert isinstance(run, PendingRun)
    assert "127.0.0.1:9 does not answer; start the server" in caplog.text
    assert recalled(to_json(run), TrackingSettings(uri="http://corrected:5000")) == replace(
        run, uri="http://corrected:5000"
    )


def test_what_it_said_is_there_when_the_server_is(store, tmp_path):
    _to(store, "pending", _attempt(tmp_path, range(5), "FINISHED"))
    (run,) = _runs(store, "pending")
    assert (run.info.run_name, run.info.status) == ("a name", "FINISHED")
    assert _history(store, run, "loss") == [(step, float(step)) for step in range(5)]
    assert not (tmp_path / run.info.run_id).exists()


def test_a_restart_goes_on_with_the_pending_run(store, tmp_path):
    first = _attempt(tmp_path, range(5), "KILLED")
    assert _attempt(tmp_path, range(3, 8), "FINISHED", fresh=True) == first
    _to(store, "pending-restart", first)
    (run,) = _runs(store, "pending-restart")
    assert run.info.status == "FINISHED"
    assert _history(store, run, "loss") == [(step, float(step)) for step in range(8)]


def test_after_a_finished_pending_run_a_fresh_one_is_another(store, tmp_path):
    first = _attempt(tmp_path, range(5), "FINISHED")
    second = _attempt(tmp_path, range(5), "FINISHED", fresh=True)
    assert first != second
    for folder in (first, second):
        _to(store, "pending-fresh", folder)
    assert len(_runs(store, "pending-fresh")) == 2


@pytest.mark.thorough
def test_all_who_hold_a_ticket_find_one_run_and_one_of_them_opens_it(store, tmp_path):
    run = PendingRun(store.uri, "ticket", "key", "a name", ticket="t1", at=1, fresh=True, sample_every=0.05)
    with pytest.raises(Away, match="is not opened yet"), system_metrics(run, tmp_path, "node"):
        opened(run, may_open=False)
    handle = opened(run)
    assert opened(run, may_open=False) == opened(run) == handle
    assert end_run(run, "FINISHED", tmp_path) == 0
    (found,) = _runs(store, "ticket")
    assert found.info.status == "FINISHED"
    assert any(key.startswith("system/node/") for key in found.data.metrics)
    assert opened(replace(run, ticket="t2", at=2)) != handle  # fresh, and the one of the key is finished


def test_a_later_attempt_with_the_same_ticket_sets_the_run_running(store, tmp_path):
    run = PendingRun(store.uri, "attempts", "key", "a name", ticket="t", at=1, fresh=False)
    end_run(run, "KILLED", tmp_path)
    opened(replace(run, at=2**42))
    assert _runs(store, "attempts")[0].info.status == "RUNNING"
    end_run(run, "FINISHED", tmp_path)  # an end from before that attempt
    assert _runs(store, "attempts")[0].info.status == "RUNNING"


def test_a_database_is_never_waited_for(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be taken for a header of one")
    with pytest.raises(UserError, match="check that the file"):
        open_run(TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db"), "faces", "key", "run")


@pytest.mark.slow
def test_a_server_away_before_during_and_at_the_end(server, tmp_path, monkeypatch, caplog):
    """It comes up twice in the middle, for a moment; all is delivered by the next start of the run."""
    caplog.set_level(logging.ERROR)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = TrackingSettings(uri=server.uri, sample_every=0.5)
    server.kill()
    run = open_run(settings, "faces", "survives", "run", spool_dir=tmp_path)
    with system_metrics(run, tmp_path, "node"):
        tracker = MlflowTracker(run, tmp_path, patience=1)
        tracker.metrics({"loss": 0.0}, 0)
        server.start()
        while not (found := _found(server, "loss")):
            tracker.metrics({"loss": 1.0}, 1)
        server.kill()
        tracker.metrics({"loss": 2.0}, 2)
        assert tracker.close() >= 1
    assert end_run(run, "KILLED", tmp_path) >= 1

    server.start()
    handle = open_run(settings, "faces", "survives", "run", fresh=True, spool_dir=tmp_path)
    assert handle.run_id == found
    tracker = MlflowTracker(handle, tmp_path)
    for step in (2, 3):
        tracker.metrics({"loss": float(step)}, step)
    tracker.close()
    end_run(handle, "FINISHED", tmp_path)
    (ended,) = _runs(settings, "faces")
    assert ended.info.status == "FINISHED"
    assert sorted(_history(settings, ended, "loss")) == [(step, float(step)) for step in range(4)]
    assert any(key.startswith("system/node/") for key in ended.data.metrics)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def _found(server, key):
    """The run's id once MLflow has it with a metric."""
    client = _client(TrackingSettings(uri=server.uri))
    experiment = client.get_experiment_by_name("faces")
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    return runs[0].info.run_id if runs and key in runs[0].data.metrics else None
