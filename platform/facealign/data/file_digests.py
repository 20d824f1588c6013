"""Digests of files, cached by inode, length and times of change.

A hundred thousand photos need not be read to learn that none has changed: a file whose inode, length and times of
change are as they were has the bytes that it had. Git and DVC do the same. Two dangers are kept out. The time of
modification can be set by anyone, so the time of the inode's last change, which cannot, must agree as well. And a
file that was written just before its digest was taken may be written again within one tick of the clock, without a
trace ("racy" entries in git's index): such a file is not remembered.

Prepared data do not depend on what is remembered, nor is it kept beside them: see ``cache_folder``.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from facealign.config import digest_file
from facealign.storage.atomic import write_atomically
from facealign.storage.cache import cache_folder

_log = logging.getLogger(__name__)
_VERSION = 1
_RACY_NS = 2_000_000_000
"""The coarsest tick of a file system's clock: FAT's two seconds."""

Facts = tuple[int, int, int, int]
"""Inode, length, time of modification and time of change, ns."""


class FileDigests:
    """A table of SHA-256 by path; holds only files that were asked for."""

    def __init__(self, known: dict[str, tuple[Facts, str]]) -> None:
        self._known = known
        self.asked: dict[str, tuple[Facts, str]] = {}

    def __call__(self, name: str) -> str:
        """SHA-256 of a file, hexadecimal.

        Raises:
            OSError: It cannot be read.
        """
        now = time.time_ns()
        facts = _facts(name)
        if name in self.asked and self.asked[name][0] == facts:
            return self.asked[name][1]
        entry = self._known.get(name)
        if entry is None or entry[0] != facts:
            entry = (facts, digest_file(Path(name)))
            if max(facts[2], facts[3]) + _RACY_NS > now or _facts(name) != facts:
                return entry[1]
        self.asked[name] = entry
        return entry[1]

    @property
    def is_changed(self) -> bool:
        """Whether it holds other entries than it was made from."""
        return self.asked != self._known


_current: ContextVar[FileDigests | None] = ContextVar("file digests", default=None)


def digest_of(path: Path | str) -> str:
    """SHA-256 of a file; inside ``remembering``, without reading one that has not changed.

    Raises:
        OSError: It cannot be read.
    """
    table = _current.get()
    return digest_file(Path(path)) if table is None else table(str(path))


@contextmanager
def remembering(*of: str) -> Iterator[None]:
    """Inside the block, digests of files are taken from the last such block, and kept for the next.

    Args:
        of: What the block is about; another one has another memory.
    """
    path = cache_folder() / "digests" / hashlib.sha256("\0".join(of).encode()).hexdigest()[:32]
    table = FileDigests(_load(path))
    token = _current.set(table)
    try:
        yield
    finally:
        _current.reset(token)
    if table.is_changed:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, _to_bytes(table.asked))
        except OSError as error:
            _log.warning("%s: digests of files cannot be kept (%s); they are computed each time", path, error)


def _facts(name: str) -> Facts:
    found = os.stat(name)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _to_bytes(entries: dict[str, tuple[Facts, str]]) -> bytes:
    body = json.dumps([_VERSION, [[name, *facts, sha] for name, (facts, sha) in entries.items()]]).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _load(path: Path) -> dict[str, tuple[Facts, str]]:
    """Read the cache; empty where it cannot be read, is damaged, or has another version."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return {}
    version, entries = json.loads(body)
    if version != _VERSION:
        return {}
    return {name: ((ino, size, mtime, ctime), sha) for name, ino, size, mtime, ctime, sha in entries}
