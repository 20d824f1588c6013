"""Opens and closes a run from the driver: once, before any worker starts and after all have ended."""

import logging
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from facealign.tracking.address import Away, is_server, tracking_uri
from facealign.tracking.config import TrackingSettings
from facealign.tracking.handles import PendingRun, Run, from_json, read_handle
from facealign.tracking.mlflow_tracker import MlflowTracker
from facealign.tracking.opening import open_now
from facealign.tracking.records import now_ms
from facealign.tracking.replay import deliver_left, replay
from facealign.tracking.spools import last_status

_log = logging.getLogger(__name__)


def open_run(
    settings: TrackingSettings,
    experiment: str,
    run_key: str,
    name: str,
    *,
    fresh: bool = False,
    spool_dir: Path | None = None,
    parent: str | None = None,
) -> Run | None:
    """Find the run of ``run_key`` and set it running again, or open a new one.

    Call it in the driver: it creates or migrates the database and the experiment, which must happen once. Where
    the server is away, and the settings do not require it, the run is pending: who speaks for it keeps what it
    says, and opens the run when the server answers.

    Args:
        settings: Where runs are recorded.
        experiment: Name of the experiment where the settings name none.
        run_key: Same key, same run; letters, digits and ``. _ - : /``.
        name: What the run is called on the screen.
        fresh: Open a new run where the one found is FINISHED, instead of writing to it again.
        spool_dir: Where earlier starts of the run may have left what no server has taken yet.
        parent: ``run_key`` of the run that this one is a part of; it is opened first.

    Returns:
        The run; None where tracking is switched off.

    Raises:
        UserError: MLflow does not answer and is required, or is a database; or nothing at that address ever will
            answer as MLflow does. The message has the address and the remedy.
        ValueError: ``run_key`` has another character.
    """
    if not settings.enabled:
        return None
    if not re.fullmatch(r"[\w.:/-]+", run_key):
        raise ValueError(f"run_key is {run_key!r}; write letters, digits and . _ - : / only")
    run = PendingRun(
        uri=tracking_uri(settings),
        experiment=settings.experiment or experiment,
        key=run_key,
        name=name,
        ticket=uuid.uuid4().hex,
        at=now_ms(),
        fresh=fresh,
        sample_every=settings.sample_every,
        parent=parent,
    )
    earlier = _earlier(run, spool_dir) if spool_dir is not None else []
    try:
        for folder in earlier:
            replay(folder)
        return open_now(run)
    except Away as away:
        if settings.required or not is_server(run.uri):
            raise
        _log.warning(
            "%s. Until then the run is kept on the disks of the machines that take part; with tracking.required: "
            "true it would not begin",
            away,
        )
        return _continued(earlier[-1], run) if earlier else run


def end_run(run: Run | None, status: str, spool_dir: Path) -> int:
    """Say in the driver how a run ended, and deliver what others have left of it on this machine.

    With MLflow away, the status waits in the spool like everything else.

    Returns:
        How many records wait on this machine.
    """
    if run is None:
        return 0
    outstanding = MlflowTracker(run, spool_dir).close(status)
    return outstanding or deliver_left(run, spool_dir)


def recalled(values: dict[str, Any] | None, settings: TrackingSettings) -> Run | None:
    """The run that ``to_json`` kept; one that has found no server yet goes to the current tracking URI."""
    run = from_json(values) if values else None
    return replace(run, uri=tracking_uri(settings)) if isinstance(run, PendingRun) else run


def _earlier(run: PendingRun, spool_dir: Path) -> list[Path]:
    """Folders of earlier starts of this run that found no server, in the order of the starts."""
    pending = {folder: read_handle(folder) for folder in spool_dir.glob("*")}
    mine = {
        folder: handle.at
        for folder, handle in pending.items()
        if isinstance(handle, PendingRun) and (handle.uri, handle.key) == (run.uri, run.key)
    }
    return sorted(mine, key=mine.__getitem__)


def _continued(folder: Path, run: PendingRun) -> PendingRun:
    """The pending run in the folder, begun again now; or ``run``, by the rule that MLflow's runs are found by."""
    earlier = read_handle(folder)
    if not isinstance(earlier, PendingRun) or (run.fresh and last_status(folder) == "FINISHED"):
        return run
    return replace(earlier, at=run.at)
