"""The run in MLflow, as the driver opens it: once, before any worker starts."""

import re
from dataclasses import dataclass
from typing import Any

from facealign.config import UserError
from facealign.tracking.address import reaching, shown, sqlite_path, tracking_uri
from facealign.tracking.config import TrackingSettings
from facealign.tracking.records import now_ms

RUN_KEY = "facealign.run_key"
"""The tag by which a restart finds its run."""

OPENED = "facealign.opened"
"""The tag with the moment of the last start (milliseconds since 1970): ends that are older do not count."""


@dataclass(frozen=True)
class RunHandle:
    """All that another process needs to write to a run; it can be pickled and written as JSON."""

    uri: str
    experiment_id: str
    run_id: str
    name: str


def open_run(
    settings: TrackingSettings, experiment: str, run_key: str, name: str, *, fresh: bool = False
) -> RunHandle | None:
    """Find the run of ``run_key`` and set it running again, or open a new one.

    Call it in the driver: it creates or migrates the database and the experiment, which must happen once.

    Args:
        settings: Where runs are recorded.
        experiment: Name of the experiment where the settings name none.
        run_key: Same key, same run; letters, digits and ``. _ - : /``.
        name: What the run is called on the screen.
        fresh: Open a new run where the one found is FINISHED, instead of writing to it again.

    Returns:
        The run; None where tracking is switched off.

    Raises:
        UserError: MLflow does not answer; the message has its address and the remedy.
        ValueError: ``run_key`` has another character.
    """
    if not settings.enabled:
        return None
    if not re.fullmatch(r"[\w.:/-]+", run_key):
        raise ValueError(f"run_key is {run_key!r}; write letters, digits and . _ - : / only")
    uri = tracking_uri(settings)
    if (database := sqlite_path(uri)) is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        experiment_id = _experiment(client, uri, settings.experiment or experiment)
        found = client.search_runs(
            [experiment_id], f"tags.`{RUN_KEY}` = '{run_key}'", order_by=["start_time DESC"], max_results=1
        )
        if found and not (fresh and found[0].info.status == "FINISHED"):
            run = found[0]
            client.update_run(run.info.run_id, status="RUNNING")
            client.set_tag(run.info.run_id, OPENED, str(now_ms()))
        else:
            run = client.create_run(experiment_id, tags={RUN_KEY: run_key, OPENED: str(now_ms())}, run_name=name)
    return RunHandle(uri, experiment_id, run.info.run_id, run.info.run_name)


def _experiment(client: Any, uri: str, name: str) -> str:
    """The experiment's id; it is created where there is none. Artifacts of an SQLite store lie beside its file."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        database = sqlite_path(uri)
        location = None if database is None else (database.parent / "mlartifacts").as_uri()
        return str(client.create_experiment(name, artifact_location=location))
    if experiment.lifecycle_stage != "active":
        raise UserError(
            f"experiment {name!r} in MLflow at {shown(uri)} is deleted; restore it (mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}), or name another with tracking.experiment"
        )
    return str(experiment.experiment_id)
