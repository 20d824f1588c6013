"""The tracker of a worker: records go to a spool on disk, and from there to MLflow."""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.tracking.address import sqlite_path
from facealign.tracking.base import NullTracker, Tracker
from facealign.tracking.flatten import Scalar, cut_param, cut_tag
from facealign.tracking.forwarder import Forwarder
from facealign.tracking.handles import Run
from facealign.tracking.mlflow_sink import MlflowSink
from facealign.tracking.records import (
    ArtifactRecord,
    DatasetRecord,
    MetricRecord,
    ParamRecord,
    StatusRecord,
    TagRecord,
    now_ms,
)
from facealign.tracking.spools import claim, release

_log = logging.getLogger(__name__)
_PATIENCE = 20.0


class MlflowTracker:
    """A ``Tracker`` that writes to a spool and has a thread forward it.

    Args:
        run: Opened by the driver.
        spool_dir: Holds the spools of every run.
        patience: Seconds that ``close`` waits for what is outstanding.
        may_open: Whether a pending run may be opened from here: see ``opened``.
    """

    def __init__(self, run: Run, spool_dir: Path, patience: float = _PATIENCE, *, may_open: bool = True) -> None:
        self._spool = claim(run, spool_dir)
        self._forwarder = Forwarder(self._spool, MlflowSink(run, may_open=may_open), let_go=release)
        self._patience = patience

    def params(self, values: Mapping[str, Scalar]) -> None:
        """Settings; a value that MLflow has no room for is cut, so log the whole configuration as an artifact."""
        self._spool.append(ParamRecord(key, cut_param(str(value))) for key, value in values.items())

    def tags(self, values: Mapping[str, str]) -> None:
        """Labels; cut like params."""
        self._spool.append(TagRecord(key, cut_tag(value)) for key, value in values.items())

    def dataset(
        self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str = "training"
    ) -> None:
        """An input; MLflow keeps the first 36 characters of a digest, its tag ``facealign.digest`` all of it."""
        self._spool.append([DatasetRecord(name, digest, source, json.dumps(profile), context)])

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Metrics, with this moment as the time they were measured at."""
        at = now_ms()
        self._spool.append(MetricRecord(key, float(value), step, at) for key, value in values.items())

    def results(self, values: Mapping[str, float]) -> None:
        """Metrics of the whole run, at step 0."""
        self._replace(values, step=0)

    def samples(self, values: Mapping[str, float]) -> None:
        """Metrics of this moment, of no step of the training: their step is the second since 1970."""
        self._replace(values, step=int(time.time()))

    def artifact(self, path: Path, folder: str = "") -> None:
        """A file, copied at once: it may change or go when this returns."""
        self._spool.append([ArtifactRecord(self._spool.keep(path), folder)])

    def close(self, status: str | None = None) -> int:
        """Wait a bounded time for outstanding records; if some remain, say where they are and how to send them.

        Args:
            status: How the run ended; None where only this process leaves it.
        """
        if status is not None:
            self._spool.append([StatusRecord(status, now_ms())])
        outstanding = self._forwarder.close(self._patience)
        if outstanding:
            _log.warning(
                "%d records of the run are not delivered and stay in %s; when the tracking server is back, "
                "`facealign sync %s` delivers them, on this machine",
                outstanding,
                self._spool.folder,
                self._spool.folder.parent,
            )
        return outstanding

    def _replace(self, values: Mapping[str, float], step: int) -> None:
        at = now_ms()
        self._spool.append(MetricRecord(key, float(value), step, at, once=False) for key, value in values.items())


def tracker_for(run: Run | None, spool_dir: Path, patience: float = _PATIENCE) -> Tracker:
    """The tracker of a worker.

    Args:
        run: What ``open_run`` gave the driver; with None, nobody listens.
        spool_dir: Holds the spools of every run.
        patience: Seconds that ``close`` waits for what is outstanding.

    Raises:
        UserError: The run is in an SQLite file that this machine does not see.
    """
    if run is None:
        return NullTracker()
    database = sqlite_path(run.uri)
    if database is not None and not database.exists():
        raise UserError(
            f"the run is recorded in {database}, which this machine does not see; on several machines, start an "
            "MLflow server and set tracking.uri to its address"
        )
    return MlflowTracker(run, spool_dir, patience)
