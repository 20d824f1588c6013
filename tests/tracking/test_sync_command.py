import mlflow  # noqa: F401 - here, and not within the second that a tracker waits below
import pytest

from facealign.config import UserError
from facealign.tracking import MlflowTracker, TrackingSettings, open_run
from facealign.workflows.sync import sync_all

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow under SQLAlchemy 2.1


def _left_behind(folder, count):
    for number in range(count):
        run = open_run(TrackingSettings(uri="http://127.0.0.1:9"), "faces", f"key-{number}", f"run {number}")
        MlflowTracker(run, folder, patience=1).close("FINISHED")


def test_buffered_records_are_sent_run_by_run(store, tmp_path, capsys):
    spools = tmp_path / "spools"
    _left_behind(spools, 2)
    with pytest.raises(UserError, match="does not take the 1 records") as failed:
        sync_all(spools, None)
    assert str(failed.value).count("127.0.0.1:9 does not take") == 2

    sync_all(spools, store.uri)
    said = capsys.readouterr().out.splitlines()
    assert said == [f"run {number}: 1 records sent to {store.uri}" for number in range(2)]
    with pytest.raises(UserError, match="holds no buffered records of a run"):
        sync_all(spools, None)


def test_one_run_by_its_folder(store, tmp_path, capsys):
    _left_behind(tmp_path, 2)
    one, other = (path for path in tmp_path.iterdir() if path.is_dir())
    sync_all(one, store.uri)
    assert not one.exists()
    assert other.exists()


def test_records_of_a_running_process_are_left_to_it(store, tmp_path, capsys):
    run = open_run(store, "faces", "alive", "alive")
    tracker = MlflowTracker(run, tmp_path)
    sync_all(tmp_path, None)
    assert "0 records sent" in (said := capsys.readouterr().out)
    assert "a running process sends its own records" in said
    tracker.close()


def test_without_buffered_records_there_is_nothing_to_send(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("facealign.workflows.workspace.SPOOL", tmp_path)
    sync_all(None, None)
    assert "nothing to send" in capsys.readouterr().out
