"""Locks on files that the system frees when their holder dies, however it dies."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facealign.config.errors import UserError

_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the file, made if it is not there, inside the block; False where another process holds it.

    File systems that know no locks, as some shared ones, let everybody in.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _lock(descriptor, wait)
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path, what: str) -> Iterator[None]:
    """Lock ``folder`` for this process; it is made if missing.

    Args:
        folder: Whose ``driver.lock`` is held.
        what: It does there, for the message to another one.

    Raises:
        UserError: Another process is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "driver.lock") as mine:
        if not mine:
            raise UserError(f"{folder}: another process {what} already; wait for it, or stop it")
        yield


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return True
