"""Paths and URIs: open a store, join, exists, remove; the only module that distinguishes the two."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from facealign.storage.store import Place, Store


def open_store(place: Place) -> Store:
    """Open the store at a path or URI.

    Raises:
        UserError: The URI is of an unknown kind.
    """
    # Each brings libraries of its own.
    from facealign.storage.bucket import Objects
    from facealign.storage.local import Folder

    if isinstance(place, Path) or "://" not in place:
        return Folder(Path(place))
    parts = urlsplit(place)
    return Folder(Path(unquote(parts.path))) if parts.scheme == "file" else Objects(place)


def absolute(place: Place) -> str:
    """Return a URI as it is and a path made absolute, because workers have other working directories."""
    return str(place) if isinstance(place, str) and "://" in place else os.path.abspath(place)


def join(place: str, name: str) -> str:
    """Return the path or URI of ``name`` below ``place``."""
    return f"{place.rstrip('/')}/{name}" if "://" in place else os.path.join(place, name)


def exists(place: str) -> bool:
    """Tell whether there is a folder at a path or URI."""
    import pyarrow.fs

    filesystem, path = pyarrow.fs.FileSystem.from_uri(absolute(place))
    return bool(filesystem.get_file_info(path).type != pyarrow.fs.FileType.NotFound)


def remove(place: str) -> None:
    """Delete a folder that exists, with all below it."""
    import pyarrow.fs

    filesystem, path = pyarrow.fs.FileSystem.from_uri(absolute(place))
    filesystem.delete_dir(path)
