"""The interface of storages of prepared data: a local folder or a bucket.

A store knows names and bytes, nothing of faces. What is written appears whole or not at all: a local file is
written beside its place and renamed; an object of a bucket becomes visible when its upload is complete.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

Place = str | Path
"""A folder, or its URI: ``file:///faces``, ``s3://bucket/faces``, ``gs://bucket/faces``."""


class Store(ABC):
    """The files of a folder or of a bucket's prefix.

    Attributes:
        place: As messages call it.
    """

    place: str

    @abstractmethod
    def write(self, name: str, data: Any) -> None:
        """Put bytes (anything with a buffer) under a name, all at once.

        Raises:
            UserError: They cannot be written, because the disk is full for one.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Read all bytes of a file.

        Raises:
            FileNotFoundError: There is none.
        """

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""

    @abstractmethod
    def digest(self, name: str) -> str:
        """SHA-256 of a file, hexadecimal, read in chunks from where it lies."""

    @abstractmethod
    def names(self) -> list[str]:
        """The files that are there, sorted."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete a file that exists."""

    @abstractmethod
    def open(self, name: str) -> Any:
        """A file for random access, as a ``pyarrow.NativeFile``; memory-mapped where it is local."""

    @abstractmethod
    def local_path(self, name: str, sha256: str) -> Path:
        """The file on a disk of this machine; one of a bucket is fetched once, checked, and kept by its digest.

        Raises:
            UserError: What was fetched has another digest.
        """

    def locked(self) -> AbstractContextManager[None]:
        """Lock the store inside the block, where its file system supports locks.

        Raises:
            UserError: Another process is inside.
        """
        return nullcontext()

    def at(self, name: str) -> str:
        """A file's address, for messages."""
        return f"{self.place.rstrip('/')}/{name}"
