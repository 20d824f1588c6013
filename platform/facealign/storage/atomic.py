"""Files that are there whole or not at all."""

import os
import secrets
from pathlib import Path
from typing import Any

TEMPORARY = ".unfinished-"
"""Prefix of a file's name until it is complete."""


def write_atomically(path: Path, data: Any) -> None:
    """Write bytes (anything with a buffer) beside ``path``, force them to the disk, then give them their name."""
    # A name of its own, so that two writers of the same file cannot meet in one temporary file.
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
