"""Prepared data in a folder of this machine, or of a disk that several machines see."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from facealign.config import UserError, digest_file
from facealign.storage.atomic import write_atomically
from facealign.storage.store import Store

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""Error numbers of file systems that cannot lock a folder, NFS among them."""


class Folder(Store):
    """Files in one folder, which is made when the first one is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)

    def write(self, name: str, data: Any) -> None:
        """Write the file under a temporary name, rename it, and synchronize the folder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / name, data)
        except OSError as error:
            if error.errno in _FULL:
                raise UserError(
                    f"{self.at(name)}: no room for its {memoryview(data).nbytes / 1e6:.1f} MB ({error.strerror}); "
                    "free some or name another place. What was prepared there before is whole"
                ) from None
            raise UserError(f"{self.at(name)}: cannot be written: {error.strerror}") from None

    def read(self, name: str) -> bytes:
        """Read the file."""
        return (self.path / name).read_bytes()

    def size(self, name: str) -> int | None:
        """The file's size, or None where there is no file."""
        path = self.path / name
        return path.stat().st_size if path.is_file() else None

    def digest(self, name: str) -> str:
        """SHA-256 of the file, read in chunks."""
        return digest_file(self.path / name)

    def names(self) -> list[str]:
        """List the files, not the folders; none where there is no folder."""
        return sorted(entry.name for entry in self.path.iterdir() if entry.is_file()) if self.path.is_dir() else []

    def remove(self, name: str) -> None:
        """Delete the file."""
        (self.path / name).unlink()

    def open(self, name: str) -> Any:
        """Open the file, memory-mapped."""
        return pa.memory_map(str(self.path / name))

    def local_path(self, name: str, sha256: str) -> Path:
        """The file's path."""
        return self.path / name

    def at(self, name: str) -> str:
        """The file's path, for messages."""
        return str(self.path / name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A lock on the folder itself: it leaves no file behind and ends with its process, however that ends.

        Where the file system has no such lock, the block is entered without: ``publish`` looks once more whether
        every shard is there.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise UserError(f"{self.place}: cannot be made or opened as a folder: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise UserError(
                f"{self.place}: another process is preparing data there; wait for its end, or name another place"
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(handle)
                raise
        try:
            yield
        finally:
            os.close(handle)
