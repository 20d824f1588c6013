"""Ray's own folder of a local cluster: one for each, gone with it, and with the next if its driver was killed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facealign.config.locks import locked

_PREFIX = "fa-"
_LOCK = "lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A fresh folder inside the block, below ``RAY_TMPDIR`` or the system's folder for such.

    Its path is short, because those of sockets below it are limited to 107 bytes.
    """
    base = Path(os.environ.get("RAY_TMPDIR") or Path(tempfile.gettempdir()) / f"facealign-{os.getuid()}")
    base.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with locked(base / _LOCK, wait=True):
            _sweep(base)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            held.enter_context(locked(folder / _LOCK))
        # The last of Ray's processes may still write a line to its log.
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _sweep(base: Path) -> None:
    """Remove folders whose drivers are dead."""
    for folder in base.glob(f"{_PREFIX}*"):
        with locked(folder / _LOCK) as abandoned:
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)
