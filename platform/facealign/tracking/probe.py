"""Does MLflow answer, and does it take what runs say?"""

import tempfile
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.tracking.address import reaching, shown, sqlite_path, tracking_uri
from facealign.tracking.config import TrackingSettings
from facealign.tracking.handles import RunHandle
from facealign.tracking.records import now_ms
from facealign.tracking.runs import open_run

_NAME = "doctor"
_FILE = "doctor.txt"


def require_answer(uri: str) -> None:
    """Ask MLflow at ``uri`` for one experiment; nothing is written.

    Raises:
        UserError: It does not answer, or its SQLite file is not on this machine.
    """
    database = sqlite_path(uri)
    if database is not None and not database.is_file():
        raise UserError(f"{database}: no such file on this machine; a server (http://host:5000) is there for all")
    with reaching(uri):
        from mlflow import MlflowClient

        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)


def require_writable(settings: TrackingSettings, experiment: str) -> str:
    """Write a metric and a file into a run of the experiment, read them back, and delete the run.

    MLflow keeps what is deleted until ``mlflow gc``.

    Args:
        settings: Where runs are recorded; tracking is switched on.
        experiment: Name of the experiment where the settings name none; it is created where there is none.

    Returns:
        The address, as messages show it.

    Raises:
        UserError: MLflow does not answer, does not take what it is given, or gives back something else.
    """
    uri = tracking_uri(settings)
    if sqlite_path(uri) is None:
        require_answer(uri)
    run = open_run(settings, experiment, _NAME, _NAME)
    assert isinstance(run, RunHandle), "tracking is switched on, and MLflow has just answered"
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        try:
            _write_and_read(client, uri, run.run_id)
        finally:
            client.delete_run(run.run_id)
    return shown(uri)


def _write_and_read(client: Any, uri: str, run_id: str) -> None:
    said = now_ms()
    client.log_metric(run_id, _NAME, said)
    client.log_text(run_id, str(said), _FILE)
    with tempfile.TemporaryDirectory(prefix="facealign-doctor-") as folder:
        text = Path(client.download_artifacts(run_id, _FILE, folder)).read_text(encoding="utf-8")
    heard = (client.get_run(run_id).data.metrics[_NAME], text)
    if heard != (said, str(said)):
        raise UserError(f"MLflow at {shown(uri)} was given {said} and gives back {heard}; fix its store")
