"""The spools of one run on one machine: each writer has one to itself, and takes over what a dead one left.

They are the numbered subfolders of the run's folder. A writer claims the first that nobody has open, and carries
on with what it holds; so a run that restarts goes on in the spool it had, and two that speak at once do not meet.
A spool goes when it is delivered whole.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from facealign.tracking.handles import HANDLE_FILE, Run, write_handle
from facealign.tracking.records import StatusRecord, from_line
from facealign.tracking.spool import InUse, Spool


def claim(run: Run, spool_dir: Path) -> Spool:
    """The first spool of the run that nobody has open, or a new one; ``release`` gives it back.

    Args:
        run: Kept beside its spools, so that ``replay`` knows where they belong.
        spool_dir: Holds a folder for each run.
    """
    run_folder = spool_dir / run.folder
    with _gate(run_folder):
        write_handle(run, run_folder)
        for number in itertools.count():
            try:
                return Spool(run_folder / str(number))
            except InUse:
                continue
    raise AssertionError("unreachable: the numbers do not end")


def count(run_folder: Path) -> int:
    """Count the spools of the run on this machine."""
    return len(_numbered(run_folder))


def left(run_folder: Path) -> Iterator[Spool]:
    """Claim, one after the other, the spools that earlier writers left; those in use are passed over."""
    for folder in _numbered(run_folder):
        with _gate(run_folder):
            try:
                spool = Spool(folder) if folder.exists() else None
            except InUse:
                spool = None
        if spool is not None:
            yield spool


def release(spool: Spool) -> None:
    """Set a claimed spool free, and delete it if it has been delivered whole."""
    run_folder = spool.folder.parent
    with _gate(run_folder):
        if not spool.outstanding():
            spool.clear()
        spool.close()
        if run_folder.exists() and all(path.name == HANDLE_FILE for path in run_folder.iterdir()):
            (run_folder / HANDLE_FILE).unlink(missing_ok=True)
            run_folder.rmdir()


def last_status(run_folder: Path) -> str | None:
    """Return the last status of the run in its spools."""
    ends = []
    for folder in _numbered(run_folder):
        records = folder / "records.jsonl"
        for line in records.read_bytes().splitlines() if records.exists() else ():
            try:
                record = from_line(line.decode(errors="replace"))
            except ValueError:
                continue  # torn by a crash; opening the spool cuts it off
            if isinstance(record, StatusRecord):
                ends.append(record)
    return max(ends, key=lambda end: end.at).status if ends else None


def _numbered(run_folder: Path) -> list[Path]:
    return sorted((path for path in run_folder.glob("*") if path.name.isdigit()), key=lambda path: int(path.name))


@contextmanager
def _gate(run_folder: Path) -> Iterator[None]:
    """Serialize access: else a spool could be claimed while it is being deleted."""
    run_folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(run_folder.parent / "lock"):
        yield
