"""What runs on this machine said while the tracking server was away, delivered."""

from pathlib import Path

from facealign import tracking
from facealign.config import UserError
from facealign.tracking.handles import HANDLE_FILE
from facealign.workflows import workspace


def replay_all(folder: Path | None, to: str | None) -> None:
    """Deliver what waits, run by run, and say of each what was delivered.

    Args:
        folder: A run's, or one that holds several; None for where this project's trainings leave them.
        to: Address of the server; None for the one that each run was begun with.

    Raises:
        UserError: Something waits still, or there are no spools in the folder named.
    """
    place = folder or workspace.SPOOL
    if (place / HANDLE_FILE).exists():
        waiting = [place]
    else:
        waiting = sorted((path.parent for path in place.glob(f"*/{HANDLE_FILE}")), key=_age)
    if folder is not None and not waiting:
        raise UserError(f"{folder}: no spool of a run, and none below it; name the folder that the warning named")
    failures = []
    for run in waiting:
        try:
            replayed = tracking.replay(run, to)
        except UserError as error:
            failures.append(str(error))
        else:
            print(f"{replayed.name}: {replayed.delivered} records delivered to {replayed.uri}{_others(replayed)}")
    if failures:
        raise UserError("\n".join(failures))
    if not waiting:
        print(f"{place}: nothing waits")


def _others(replayed: tracking.Replayed) -> str:
    return "; a process that is alive delivers what it says itself" if replayed.in_use else ""


def _age(run_folder: Path) -> float:
    """Older runs go first: a later start of the same run goes on where the earlier one ended."""
    return (run_folder / HANDLE_FILE).stat().st_mtime
