"""Ends what a local Ray cluster has started when its driver is gone, however it went.

Ray's servers end with a driver that was killed, but its workers train on for a minute, and one of its helpers
stays for good. So a process of our own waits for the driver's end, which closes a pipe between the two, and kills
whoever has a file of that cluster open; for all of them that is at least the log.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Whatever a Ray cluster has started ends with the block, or with this process.

    Args:
        folder: The cluster's own; it is removed too.
    """
    command = [sys.executable, "-I", __file__, str(folder), str(os.getpid())]
    # In a session of its own, it outlives a signal to the driver's whole group.
    reaper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        reaper.communicate()


def _users(folder: str) -> Iterator[int]:
    """Ids of the processes with a file of the folder open; none where the system does not tell as Linux does."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(file).startswith(f"{folder}/") for file in (process / "fd").iterdir()):
                yield int(process.name)
        except OSError:
            continue  # it is gone, or another user's


def _end_all(folder: str, driver: int) -> None:
    while users := set(_users(folder)) - {driver}:  # one that is being killed may have started another
        for number in users:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    _end_all(sys.argv[1], int(sys.argv[2]))
