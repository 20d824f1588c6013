"""Files that are there whole or not at all."""

import os
from pathlib import Path

TEMPORARY = ".unfinished-"
"""What the name of a file starts with until it is whole."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, force it to the disk, then give it its name."""
    temporary = path.with_name(TEMPORARY + path.name)
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
