"""Spool: a folder that keeps a run's records until they are delivered; append-only, crash-safe.

``records.jsonl`` holds the records in the order they were said; ``sent`` the byte up to which they have been
delivered; ``artifacts/`` copies of the run's files; ``refused.jsonl`` what the receiver will never take, with its
reasons; ``lock`` is held by the one process that has the spool open. Nothing here knows who receives.
"""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from facealign.tracking.records import Record, to_line


@dataclass(frozen=True)
class Chunk:
    """Whole lines of a spool, without their ends, and the byte behind the last of them."""

    lines: tuple[str, ...]
    end: int


class InUse(Exception):
    """Another process, or another part of this one, has the spool open."""


class Spool:
    """Opens ``folder``, makes it if there is none, and cuts off a last line that a crash tore.

    Safe to append from several threads; ``read`` and ``mark_sent`` belong to one thread.

    Raises:
        InUse: It is open elsewhere. The end of a process, however it comes, sets its spools free.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._owned = FileLock(folder / "lock", thread_local=False)
        try:
            self._owned.acquire(blocking=False)
        except Timeout:
            raise InUse(folder) from None
        self._records = folder / "records.jsonl"
        self._sent = folder / "sent"
        self._artifacts = folder / "artifacts"
        self._artifacts.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._stream = self._records.open("ab")
        size = _cut_torn_line(self._records)
        # A power cut may lose records that were already sent; then the mark must not lie behind the end.
        self._offset = min(int(self._sent.read_text()), size) if self._sent.exists() else 0

    def append(self, records: Iterable[Record]) -> None:
        """Add records, all in one write; when this returns, they survive the end of the process.

        Raises:
            OSError: The disk is full or gone.
        """
        lines = "".join(to_line(record) + "\n" for record in records).encode()
        with self._lock:
            self._stream.write(lines)
            self._stream.flush()

    def keep(self, path: Path) -> str:
        """Copy a file into the spool, so that it outlives its original; the copy's path, relative to the spool.

        A copy and not a hard link: a link would change with an original that is written again in place.
        """
        folder = Path(tempfile.mkdtemp(dir=self._artifacts))
        shutil.copyfile(path, folder / path.name)
        return str((folder / path.name).relative_to(self.folder))

    def read(self, limit: int) -> Chunk:
        """Read at most ``limit`` complete lines that are not yet delivered."""
        lines: list[str] = []
        end = self._offset
        with self._records.open("rb") as stream:
            stream.seek(end)
            while len(lines) < limit and (line := stream.readline()).endswith(b"\n"):
                lines.append(line[:-1].decode(errors="replace"))
                end += len(line)
        return Chunk(tuple(lines), end)

    def mark_sent(self, end: int) -> None:
        """Everything up to byte ``end`` is delivered."""
        fresh = self._sent.with_suffix(".new")
        fresh.write_text(str(end))
        os.replace(fresh, self._sent)
        self._offset = end

    def refuse(self, line: str, reason: str) -> None:
        """Put a line aside that will never be taken."""
        with (self.folder / "refused.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"reason": reason, "line": line}, ensure_ascii=False) + "\n")

    def outstanding(self) -> int:
        """The number of records that are not delivered."""
        with self._records.open("rb") as stream:
            stream.seek(self._offset)
            return sum(1 for _ in stream)

    def close(self) -> None:
        """Set the spool free; it can be opened again."""
        self._stream.close()
        self._owned.release()

    def clear(self) -> None:
        """Delete what has been delivered, which must be everything; what was refused stays."""
        assert self.outstanding() == 0, "only what is delivered may go"
        if (self.folder / "refused.jsonl").exists():
            self._records.unlink()
            self._sent.unlink(missing_ok=True)
            shutil.rmtree(self._artifacts)
        else:
            shutil.rmtree(self.folder)


def _cut_torn_line(path: Path) -> int:
    """Truncate the file behind its last line end; its size then, in bytes."""
    with path.open("r+b") as stream:
        end = sum(len(line) for line in stream if line.endswith(b"\n"))
        stream.truncate(end)
    return end
