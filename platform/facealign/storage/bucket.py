"""Prepared data in a bucket, by any file system that Arrow or fsspec knows."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.fs

from facealign.config import UserError
from facealign.storage.atomic import write_atomically
from facealign.storage.cache import cache_folder
from facealign.storage.store import Store

_CHUNK = 1 << 20


class Objects(Store):
    """Objects whose keys start with one prefix.

    Args:
        uri: As Arrow reads it (``s3://bucket/prefix?region=…``), or of a protocol that fsspec has. Credentials
            come from the environment, as the bucket's own tools take them.

    Raises:
        UserError: No library knows this kind of URI.
    """

    def __init__(self, uri: str) -> None:
        self.place = uri.split("?")[0]
        self._files, self._prefix = _file_system(uri)

    def write(self, name: str, data: Any) -> None:
        """Upload the object; readers see the old one or the new one."""
        with self._named(name), self._files.open_output_stream(self._key(name)) as stream:
            stream.write(data)

    def read(self, name: str) -> bytes:
        """Fetched whole."""
        with self._named(name), self._files.open_input_stream(self._key(name)) as stream:
            return bytes(stream.read())

    def size(self, name: str) -> int | None:
        """The object's size, as the bucket reports it."""
        with self._named(name):
            info = self._files.get_file_info(self._key(name))
        return int(info.size) if info.type == pa.fs.FileType.File else None

    def digest(self, name: str) -> str:
        """Fetched in chunks, past the files that are kept here."""
        sha = hashlib.sha256()
        with self._named(name), self._files.open_input_stream(self._key(name)) as stream:
            while chunk := stream.read(_CHUNK):
                sha.update(chunk)
        return sha.hexdigest()

    def names(self) -> list[str]:
        """List the objects directly below the prefix."""
        with self._named(""):
            found = self._files.get_file_info(pa.fs.FileSelector(self._prefix, allow_not_found=True))
        return sorted(info.base_name for info in found if info.type == pa.fs.FileType.File)

    def remove(self, name: str) -> None:
        """Delete the object."""
        with self._named(name):
            self._files.delete_file(self._key(name))

    def open(self, name: str) -> Any:
        """Open the object for random access; each read asks the bucket for a range."""
        with self._named(name):
            return self._files.open_input_file(self._key(name))

    def local_path(self, name: str, sha256: str) -> Path:
        """Fetched once, and kept in ``cache_folder``."""
        path = cache_folder() / "shards" / (sha256 + PurePosixPath(name).suffix)
        if not path.is_file():
            data = self.read(name)
            found = hashlib.sha256(data).hexdigest()
            if found != sha256:
                raise UserError(
                    f"{self.at(name)}: has SHA-256 {found}, the index says {sha256}; remove it and prepare the "
                    "data again"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        return path

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """The libraries' errors, as one of the user's with the address; a missing object stays what it is."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise UserError(f"{self.at(name)}: {error}; check the address and the credentials") from None


def _file_system(uri: str) -> tuple[Any, str]:
    try:
        files, prefix = pa.fs.FileSystem.from_uri(uri)
    except pa.ArrowInvalid as error:
        if "Unrecognized" not in str(error):
            raise UserError(f"{uri}: {error}") from None
        import fsspec  # type: ignore[import-untyped]

        try:
            other, prefix = fsspec.core.url_to_fs(uri)
        except (ValueError, ImportError) as other_error:
            raise UserError(f"{uri}: no library here opens it ({other_error})") from None
        files = pa.fs.PyFileSystem(pa.fs.FSSpecHandler(other))
    except OSError as error:
        raise UserError(f"{uri}: {error}") from None
    return files, prefix.rstrip("/")
