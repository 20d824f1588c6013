"""Files that may be anything: their names come from a download."""

import errno
import stat
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """The file, to be read as bytes.

    Opening a pipe waits for a writer, and a device may have no end; neither is done.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, not a file", str(path))
    return path.open("rb")
