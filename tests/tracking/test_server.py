"""Against a real server over HTTP."""

import statistics
import time

import pytest

from facealign.tracking import MlflowTracker, TrackingSettings, open_run

pytestmark = [pytest.mark.ray, pytest.mark.thorough]


def test_a_server_killed_in_the_middle_loses_nothing_and_holds_nothing_up(server, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = TrackingSettings(uri=server.uri)
    handle = open_run(settings, "killed", "killed", "run")
    tracker = MlflowTracker(handle, tmp_path, patience=60)
    tracker.dataset("300w", "ab" * 32, "/data/300w", {"faces": 3837})
    calls = {"there": [], "away": []}
    for step in range(3000):
        start = time.perf_counter()
        tracker.metrics({"loss": float(step), "nme": 1 / (step + 1)}, step)
        calls["there" if server.process else "away"].append(time.perf_counter() - start)
        if step == 1000:
            time.sleep(1.5)  # the forwarder is running
            server.kill()
        time.sleep(0.0002)
    report = tmp_path / "report.txt"
    report.write_text("well")
    tracker.artifact(report)
    server.start()
    assert tracker.close("FINISHED") == 0
    for when, seconds in calls.items():
        longest = f"{max(seconds) * 1e3:.1f} ms at most"
        print(f"server {when}: {statistics.median(seconds) * 1e6:.0f} µs a call, {longest}")

    client = MlflowClient(tracking_uri=server.uri)
    for key, expected in (("loss", float), ("nme", lambda step: 1 / (step + 1))):
        history = sorted(client.get_metric_history(handle.run_id, key), key=lambda figure: figure.step)
        assert [(figure.step, figure.value) for figure in history] == [(s, expected(s)) for s in range(3000)]
        moments = [figure.timestamp for figure in history]
        assert moments == sorted(moments)
    run = client.get_run(handle.run_id)
    assert run.info.status == "FINISHED"
    assert run.inputs.dataset_inputs[0].dataset.name == "300w"
    assert [file.path for file in client.list_artifacts(handle.run_id)] == ["report.txt"]
    assert open_run(settings, "killed", "killed", "run").run_id == handle.run_id
