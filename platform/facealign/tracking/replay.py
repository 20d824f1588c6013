"""Sends the records that earlier writers left in a run's spools."""

from dataclasses import dataclass, replace
from pathlib import Path

from facealign.config import UserError
from facealign.tracking.address import Away, check_answers, shown
from facealign.tracking.forwarder import Forwarder, drain
from facealign.tracking.handles import HANDLE_FILE, Run, read_handle
from facealign.tracking.mlflow_sink import MlflowSink
from facealign.tracking.spools import count, left, release

_PATIENCE = 20.0


@dataclass(frozen=True)
class Replayed:
    """The result of a replay."""

    name: str  # of the run
    uri: str  # where it is, as messages show it
    delivered: int  # records
    in_use: int  # spools that a living process has open, and delivers itself


def replay(folder: Path, uri: str | None = None) -> Replayed:
    """Deliver all that the spools of one run hold; those that a living process writes to are left to it.

    Args:
        folder: The run's, as the warning named it.
        uri: The server's address where it is no longer, or never was, the one that the run was begun with.

    Raises:
        Away: MLflow does not take everything now; what it has taken it keeps.
        UserError: There is no spool, or the address is not MLflow's.
    """
    run = read_handle(folder)
    if run is None:
        raise UserError(
            f"{folder}: no spool of a run (no {HANDLE_FILE} in it); name the folder that the warning named"
        )
    run = run if uri is None else replace(run, uri=uri)
    sink = MlflowSink(run)
    delivered, in_use = 0, count(folder)
    for spool in left(folder):
        in_use -= 1
        waiting = spool.outstanding()
        try:
            check_answers(run.uri)
            drain(spool, sink)
        except Exception as error:
            delivers = f"start the server and call again: facealign sync {folder}"
            raise Away(
                f"MLflow at {shown(run.uri)} does not take the {spool.outstanding()} records in {spool.folder}; "
                f"{delivers}. It says: {error}"
            ) from error
        finally:
            release(spool)
        delivered += waiting
    return Replayed(run.name, shown(run.uri), delivered, in_use)


def deliver_left(run: Run, spool_dir: Path) -> int:
    """Deliver what others left of the run on this machine, for a bounded time.

    Returns:
        How many records wait still.
    """
    sink = MlflowSink(run)
    for spool in left(spool_dir / run.folder):
        if outstanding := Forwarder(spool, sink, let_go=release).close(_PATIENCE):
            return outstanding
    return 0
