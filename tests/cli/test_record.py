"""A training that found no server, and the registration that finds one."""

import json
import shutil
from pathlib import Path

import pytest

from facealign import tracking
from facealign.training import World, fit
from facealign.workflows import training_outputs, workspace

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


class _KeepsModel:
    """Callback of a training that keeps its last checkpoint's model."""

    def __init__(self, folder):
        self.folder = folder

    def log(self, metrics, step):
        pass

    def epoch(self, progress, step):
        pass

    def checkpoint(self, folder, score):
        shutil.copytree(folder, self.folder, dirs_exist_ok=True)

    def stop_requested(self):
        return False


def test_without_a_server_the_outs_are_kept_and_registering_logs_the_model(
    tiny_job, tiny_shards, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "SPOOL", tmp_path / "spool")
    workspace.OUTPUTS.mkdir()
    Path(workspace.SHARDS).symlink_to(tiny_shards)
    progress = fit(tiny_job, World(), _KeepsModel(workspace.trained("awing").model))
    away = tracking.TrackingSettings(uri="http://127.0.0.1:9")
    run = tracking.open_run(away, "faces", tiny_job.name, "run")

    training_outputs.save_outputs(workspace.trained("awing"), progress, run)
    said = capsys.readouterr().err
    assert "register" in said
    assert "facealign sync" in said
    assert workspace.trained("awing").curve.exists()
    assert json.loads(workspace.trained("awing").run.read_text())["model_uri"] is None
    with pytest.raises(tracking.Away):
        training_outputs.candidates(["awing"], away)

    found = tracking.TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db")
    uri, (candidate,) = training_outputs.candidates(["awing"], found)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    model = client.get_logged_model(candidate.model_uri.removeprefix("models:/"))
    assert (model.source_run_id, str(model.status)) == (candidate.run_id, "READY")
    assert tracking.replay(next(workspace.SPOOL.glob("*/run.json")).parent, uri).delivered == 1
    assert [file.path for file in client.list_artifacts(candidate.run_id)] == ["plots"]
