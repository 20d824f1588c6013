"""A run found in MLflow, or made there."""

from typing import Any

from facealign.config import UserError
from facealign.tracking.address import Away, check_answers, reaching, shown, sqlite_path
from facealign.tracking.handles import OPENED, PARENT, RUN_KEY, TICKET, PendingRun, Run, RunHandle


def opened(run: Run, *, may_open: bool = True) -> RunHandle:
    """The run as MLflow has it; one that is pending still is found by its ticket, or opened now.

    Of those who hold one ticket, only one at a time may open the run: else there would be two.

    Args:
        run: Of ``open_run``.
        may_open: Otherwise wait, by ``Away``, until somebody else has opened it.

    Raises:
        Away: MLflow does not answer, or nobody has opened the run.
        UserError: MLflow answers, but not as asked.
    """
    if isinstance(run, RunHandle):
        return run
    check_answers(run.uri)
    with reaching(run.uri):
        client = _client(run.uri)
        experiment_id = _experiment(client, run.uri, run.experiment)
        found = _latest(client, experiment_id, TICKET + run.ticket, "held")
        if found is not None:
            if int(found.data.tags.get(OPENED, "0")) < run.at:  # else this attempt has begun already
                _set_running(client, found, run.at)
        elif may_open:
            found = _by_key(client, experiment_id, run)
            client.set_tag(found.info.run_id, TICKET + run.ticket, "held")
        else:
            raise Away(f"the run {run.name} is not opened yet in MLflow at {shown(run.uri)}")
    return _handle(run, found, experiment_id)


def open_now(run: PendingRun) -> RunHandle:
    """The run of the key, set running again, or a new one. Call it in the driver, which alone opens runs.

    Raises:
        Away: MLflow does not answer.
        UserError: It answers, but not as asked.
    """
    check_answers(run.uri)
    if (database := sqlite_path(run.uri)) is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    with reaching(run.uri):
        client = _client(run.uri)
        experiment_id = _experiment(client, run.uri, run.experiment)
        return _handle(run, _by_key(client, experiment_id, run), experiment_id)


def _by_key(client: Any, experiment_id: str, run: PendingRun) -> Any:
    found = _latest(client, experiment_id, RUN_KEY, run.key)
    if found is None or (run.fresh and found.info.status == "FINISHED"):
        tags = {RUN_KEY: run.key, OPENED: str(run.at), **_parent(client, experiment_id, run)}
        return client.create_run(experiment_id, start_time=run.at, tags=tags, run_name=run.name)
    _set_running(client, found, run.at)
    return found


def _parent(client: Any, experiment_id: str, run: PendingRun) -> dict[str, str]:
    if run.parent is None:
        return {}
    found = _latest(client, experiment_id, RUN_KEY, run.parent)
    if found is None:
        raise Away(
            f"the run {run.parent}, which {run.name} is a part of, is not opened yet in MLflow at {shown(run.uri)}"
        )
    return {PARENT: found.info.run_id}


def _set_running(client: Any, found: Any, at: int) -> None:
    """Another attempt began at ``at``."""
    client.update_run(found.info.run_id, status="RUNNING")
    client.set_tag(found.info.run_id, OPENED, str(at))


def _latest(client: Any, experiment_id: str, tag: str, value: str) -> Any | None:
    runs = client.search_runs(
        [experiment_id], f"tags.`{tag}` = '{value}'", order_by=["start_time DESC"], max_results=1
    )
    return runs[0] if runs else None


def _handle(run: PendingRun, found: Any, experiment_id: str) -> RunHandle:
    return RunHandle(run.uri, experiment_id, found.info.run_id, found.info.run_name, run.sample_every)


def _client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


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
