"""A run's voice inside a worker: what it says goes to a spool on disk, and from there to MLflow."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from facealign.config import UserError
from facealign.tracking.address import shown, sqlite_path
from facealign.tracking.base import NullTracker, Tracker
from facealign.tracking.flatten import Scalar, cut_param, cut_tag
from facealign.tracking.forwarder import Forwarder, drain
from facealign.tracking.mlflow_sink import MlflowSink
from facealign.tracking.records import (
    ArtifactRecord,
    MetricRecord,
    ParamRecord,
    StatusRecord,
    TagRecord,
    now_ms,
)
from facealign.tracking.runs import RunHandle
from facealign.tracking.spool import Spool

_HANDLE = "run.json"


class MlflowTracker:
    """A ``Tracker`` that writes to a spool and has a thread forward it.

    Args:
        handle: The run, opened by the driver.
        folder: The run's spool.
        patience: Seconds that ``close`` waits for what is outstanding.
    """

    def __init__(self, handle: RunHandle, folder: Path, patience: float = 20.0) -> None:
        self._spool = Spool(folder)
        _write_handle(handle, folder)
        self._forwarder = Forwarder(self._spool, MlflowSink(handle))
        self._patience = patience

    def params(self, values: Mapping[str, Scalar]) -> None:
        """Settings; a value that MLflow has no room for is cut, so log the whole configuration as an artifact."""
        self._spool.append(ParamRecord(key, cut_param(str(value))) for key, value in values.items())

    def tags(self, values: Mapping[str, str]) -> None:
        """Labels; cut like params."""
        self._spool.append(TagRecord(key, cut_tag(value)) for key, value in values.items())

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Figures, with this moment as the time they were measured at."""
        at = now_ms()
        self._spool.append(MetricRecord(key, float(value), step, at) for key, value in values.items())

    def artifact(self, path: Path, folder: str = "") -> None:
        """A file, copied at once: it may change or go when this returns."""
        self._spool.append([ArtifactRecord(self._spool.keep(path), folder)])

    def close(self, status: str | None = None) -> None:
        """Wait a bounded time for what is outstanding.

        Args:
            status: How the run ended; None where only this process leaves it.
        """
        if status is not None:
            self._spool.append([StatusRecord(status, now_ms())])
        self._forwarder.close(self._patience)
        self._spool.close()


def tracker_for(handle: RunHandle | None, spool_dir: Path) -> Tracker:
    """The tracker of a worker.

    Args:
        handle: What ``open_run`` gave the driver; with None, nobody listens.
        spool_dir: Holds a spool for each run, under the run's id.

    Raises:
        UserError: The run is in an SQLite file that this machine does not see.
    """
    if handle is None:
        return NullTracker()
    database = sqlite_path(handle.uri)
    if database is not None and not database.exists():
        raise UserError(
            f"the run is recorded in {database}, which this machine does not see; on several machines, start an "
            "MLflow server and set tracking.uri to its address"
        )
    return MlflowTracker(handle, spool_dir / handle.run_id)


def end_run(handle: RunHandle | None, status: str, spool_dir: Path) -> None:
    """Say in the driver how a run ended, behind all that its worker's spool still holds where both see one disk.

    With MLflow away, the status waits in the spool like everything else.
    """
    if handle is not None:
        MlflowTracker(handle, spool_dir / handle.run_id).close(status)


def replay(folder: Path) -> None:
    """Deliver what a run's spool still holds; ``folder`` is the one that the warning named.

    Raises:
        UserError: There is no spool, or MLflow is away still.
    """
    if not (folder / _HANDLE).exists():
        raise UserError(
            f"{folder}: no spool of a run (no {_HANDLE} in it); name the folder that the warning named"
        )
    handle = RunHandle(**json.loads((folder / _HANDLE).read_text(encoding="utf-8")))
    spool = Spool(folder)
    try:
        drain(spool, MlflowSink(handle))
    except Exception as error:
        raise UserError(
            f"MLflow at {shown(handle.uri)} does not take the {spool.outstanding()} records in {folder}; start "
            f"the server and call again. It says: {error}"
        ) from error
    finally:
        spool.close()


def _write_handle(handle: RunHandle, folder: Path) -> None:
    path = folder / _HANDLE
    path.touch(mode=0o600)  # the address may hold a password
    path.write_text(json.dumps(asdict(handle)), encoding="utf-8")
