"""The folder of a run's checkpoints, on a local disk or in a bucket."""

import os
from pathlib import Path

import pyarrow.fs


def absolute(address: str) -> str:
    """A URI as it is; a path made absolute, because workers have other working directories."""
    return address if "://" in address else str(Path(address).resolve())


def exists(address: str) -> bool:
    """Whether there is a folder at the address."""
    filesystem, path = pyarrow.fs.FileSystem.from_uri(absolute(address))
    return bool(filesystem.get_file_info(path).type != pyarrow.fs.FileType.NotFound)


def remove(address: str) -> None:
    """Delete a folder that exists, with all below it."""
    filesystem, path = pyarrow.fs.FileSystem.from_uri(absolute(address))
    filesystem.delete_dir(path)


def join(address: str, name: str) -> str:
    """The address of ``name`` below ``address``."""
    return f"{address.rstrip('/')}/{name}" if "://" in address else os.path.join(address, name)
