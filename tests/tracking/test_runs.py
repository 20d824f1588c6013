import pickle

import mlflow
import pytest

from facealign.config import UserError
from facealign.tracking import (
    Away,
    NullTracker,
    TrackingSettings,
    describe_run,
    end_run,
    open_run,
    recalled,
    tracker_for,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
]


def _client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri)


def test_a_restart_goes_on_with_its_run(store, tmp_path):
    first = open_run(store, "faces", "restart", "a name")
    end_run(first, "FAILED", tmp_path)
    assert _client(first).get_run(first.run_id).info.status == "FAILED"
    second = open_run(store, "faces", "restart", "another name")
    assert second == first == pickle.loads(pickle.dumps(first))
    run = _client(first).get_run(first.run_id)
    assert (run.info.status, run.info.run_name) == ("RUNNING", "a name")


@pytest.mark.parametrize(
    ("status", "fresh", "continued"),
    [
        ("FINISHED", False, True),
        ("FINISHED", True, False),
        ("FAILED", True, True),
        ("KILLED", True, True),
    ],
)
def test_fresh_leaves_alone_what_is_finished(store, tmp_path, status, fresh, continued):
    key = f"fresh-{status}-{fresh}"
    first = open_run(store, "faces", key, "run")
    end_run(first, status, tmp_path)
    assert (open_run(store, "faces", key, "run", fresh=fresh) == first) is continued


def test_artifacts_lie_beside_the_sqlite_file(store):
    handle = open_run(store, "faces", "place", "run")
    folder = handle.uri.removeprefix("sqlite:///").removesuffix("mlflow.db")
    assert _client(handle).get_run(handle.run_id).info.artifact_uri.startswith(f"file://{folder}mlartifacts/")


def test_the_settings_name_the_experiment(store):
    handle = open_run(store.model_copy(update={"experiment": "named"}), "faces", "experiment", "run")
    assert _client(handle).get_experiment(handle.experiment_id).name == "named"


def test_switched_off_there_is_no_run(tmp_path):
    assert open_run(TrackingSettings(enabled=False), "faces", "key", "run") is None
    describe_run(NullTracker(), {"a": 1}, {})
    assert end_run(None, "FINISHED", tmp_path) == 0
    assert recalled(None, TrackingSettings()) is None


def test_a_key_that_could_not_be_searched_for_is_refused(store):
    with pytest.raises(ValueError, match='run_key is "a\'b"'):
        open_run(store, "faces", "a'b", "run")


def test_a_deleted_experiment_is_named_with_its_remedy(store):
    handle = open_run(store, "gone", "deleted", "run")
    _client(handle).delete_experiment(handle.experiment_id)
    with pytest.raises(UserError, match=f"'gone'.*deleted.*mlflow experiments restore.*{handle.experiment_id}"):
        open_run(store, "gone", "deleted", "run")


def test_a_server_that_is_away_and_required_is_named_with_its_remedy():
    settings = TrackingSettings(uri="http://me:secret@127.0.0.1:9", required=True)
    with pytest.raises(
        Away, match=r"MLflow at http://127.0.0.1:9 does not answer; start the server .*tracking.uri"
    ):
        open_run(settings, "faces", "away", "run")


def test_a_file_that_is_no_database_is_named_with_its_remedy(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be taken for a header of one")
    with pytest.raises(UserError, match=r"mlflow.db does not answer; check that the file"):
        open_run(TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db"), "faces", "broken", "run")


def _describe(handle, folder, settings, tags):
    tracker = tracker_for(handle, folder)
    describe_run(tracker, settings, tags)
    assert tracker.close() == 0


def test_params_stay_as_they_were_first_said_and_the_whole_is_an_artifact(store, tmp_path):
    handle = open_run(store, "faces", "describe", "run")
    first = {"train": {"lr": 0.1}, "cluster": {"workers": 2}, "long": "x" * 7000}
    _describe(handle, tmp_path, first, {"commit": "a"})
    _describe(handle, tmp_path, {"train": {"lr": 0.1}, "cluster": {"workers": 4}}, {"commit": "b"})
    data = _client(handle).get_run(handle.run_id).data
    assert {key: data.params[key] for key in ("train.lr", "cluster.workers")} == {
        "train.lr": "0.1",
        "cluster.workers": "2",
    }
    assert len(data.params["long"]) == 6000
    assert data.tags["commit"] == "b"
    assert [file.path for file in _client(handle).list_artifacts(handle.run_id)] == ["config.json"]
    config = mlflow.artifacts.load_dict(f"{_client(handle).get_run(handle.run_id).info.artifact_uri}/config.json")
    assert config == {"train": {"lr": 0.1}, "cluster": {"workers": 4}}


def test_more_than_a_hundred_params(store, tmp_path):
    handle = open_run(store, "faces", "many", "run")
    _describe(handle, tmp_path, {f"p{n}": n for n in range(250)}, {})
    assert len(_client(handle).get_run(handle.run_id).data.params) == 250


def test_the_data_set_is_an_input_with_its_digest(store, tmp_path):
    handle = open_run(store, "faces", "data", "run")
    tracker = tracker_for(handle, tmp_path)
    for _ in range(2):
        tracker.dataset("300w", "ab" * 32, "/data/300w", {"faces": 3837})
    assert tracker.close() == 0
    (entry,) = _client(handle).get_run(handle.run_id).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("300w", "ab" * 18)
    tags = {tag.key: tag.value for tag in entry.tags}
    assert tags == {"mlflow.data.context": "training", "facealign.digest": "ab" * 32}
