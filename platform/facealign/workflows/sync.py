"""Send to MLflow the records that runs buffered on this machine while the tracking server was down."""

from pathlib import Path

from facealign import tracking
from facealign.config import UserError
from facealign.tracking.handles import HANDLE_FILE
from facealign.workflows import workspace


def sync_all(folder: Path | None, to: str | None) -> None:
    """Send the buffered records run by run, and print for each run how many were sent.

    Args:
        folder: Buffer of a run, or a folder of several; None: where this project's trainings keep them.
        to: URI of the server; None: the one that each run was started with.

    Raises:
        UserError: Some records could not be sent, or the folder holds no buffer.
    """
    root = folder or workspace.SPOOL
    if (root / HANDLE_FILE).exists():
        buffered = [root]
    else:
        buffered = sorted((path.parent for path in root.glob(f"*/{HANDLE_FILE}")), key=_age)
    if folder is not None and not buffered:
        raise UserError(f"{folder}: holds no buffered records of a run; name the folder that the warning named")
    failures = []
    for run in buffered:
        try:
            sent = tracking.replay(run, to)
        except UserError as error:
            failures.append(str(error))
        else:
            print(f"{sent.name}: {sent.delivered} records sent to {sent.uri}{_in_use(sent)}")
    if failures:
        raise UserError("\n".join(failures))
    if not buffered:
        print(f"{root}: nothing to send")


def _in_use(sent: tracking.Replayed) -> str:
    return "; a running process sends its own records" if sent.in_use else ""


def _age(run_folder: Path) -> float:
    """Return the time of the last change: older runs go first, because a later start continues an earlier one."""
    return (run_folder / HANDLE_FILE).stat().st_mtime
