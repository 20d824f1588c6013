"""Against a real server over HTTP."""

import time

import pytest

from facealign.tracking import MlflowTracker, TrackingSettings, log_dataset, open_run

pytestmark = pytest.mark.slow


def test_a_server_killed_in_the_middle_loses_nothing(server, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = TrackingSettings(uri=server.uri)
    handle = open_run(settings, "faces", "killed", "run")
    log_dataset(handle, "300w", "ab" * 32, "/data/300w", {"faces": 3837})
    tracker = MlflowTracker(handle, tmp_path / "spool", patience=60)
    longest = 0.0
    for step in range(3000):
        start = time.monotonic()
        tracker.metrics({"loss": float(step), "nme": 1 / (step + 1)}, step)
        longest = max(longest, time.monotonic() - start)
        if step == 1000:
            time.sleep(1.5)  # the forwarder is under way
            server.kill()
        time.sleep(0.0002)
    report = tmp_path / "report.txt"
    report.write_text("well")
    tracker.artifact(report)
    server.start()
    tracker.close("FINISHED")

    client = MlflowClient(tracking_uri=server.uri)
    for key, expected in (("loss", float), ("nme", lambda step: 1 / (step + 1))):
        history = sorted((figure.step, figure.value) for figure in client.get_metric_history(handle.run_id, key))
        assert history == [(step, expected(step)) for step in range(3000)]
    run = client.get_run(handle.run_id)
    assert run.info.status == "FINISHED"
    assert run.inputs.dataset_inputs[0].dataset.name == "300w"
    assert [file.path for file in client.list_artifacts(handle.run_id)] == ["report.txt"]
    assert longest < 2  # one call of MLflow to a dead server takes more
    assert open_run(settings, "faces", "killed", "run").run_id == handle.run_id
