"""The thread between a spool and whoever receives it: no run waits for a server, and none fails with it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from facealign.tracking.records import Record, from_line
from facealign.tracking.spool import Spool

_log = logging.getLogger(__name__)
_BATCH = 1000
_LONGEST_WAIT = 60.0


class Sink(Protocol):
    """Receives records. What it has taken once it takes again without making it two."""

    def deliver(self, records: Sequence[Record], spool: Path) -> None:
        """Take all the records, in their order; files of artifacts are relative to ``spool``.

        Raises:
            Refused: One of them will never be taken. Any other exception means that the sink is away for now.
        """


class Refused(Exception):
    """The sink will not take a record, however often it is offered."""


class Forwarder:
    """Delivers what is in the spool, and what will be, from a thread of its own.

    Args:
        spool: Where the records come from; it is the forwarder's until the thread ends.
        sink: Where they go.
        pause: Seconds between two looks into the spool, and before the first new attempt when the sink is away;
            further attempts wait longer, up to a minute.
        let_go: What the thread does with the spool when it ends.
    """

    def __init__(
        self, spool: Spool, sink: Sink, pause: float = 1.0, let_go: Callable[[Spool], None] = Spool.close
    ) -> None:
        self._spool = spool
        self._sink = sink
        self._pause = pause
        self._let_go = let_go
        self._outstanding: int | None = None
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="facealign-tracking", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> int:
        """Deliver what is outstanding, for at most ``timeout`` seconds.

        A call to a server that hangs outlasts any patience: then the thread lets go of the spool later.

        Returns:
            How many records are outstanding still.
        """
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._thread.join(timeout)
        return self._spool.outstanding() if self._outstanding is None else self._outstanding

    def _run(self) -> None:
        try:
            self._deliver_until_closed()
        finally:
            self._outstanding = self._spool.outstanding()
            self._let_go(self._spool)

    def _deliver_until_closed(self) -> None:
        wait = 0.0
        while True:
            # Asked before the spool is drained: whatever was said before close is then in this drain.
            closing = self._closing.is_set()
            try:
                drain(self._spool, self._sink)
            except Exception as error:  # noqa: BLE001 - no failure of a sink may reach the training
                self._warn_unreachable(error, first=not wait)
                wait = min(2 * wait, _LONGEST_WAIT) or self._pause
            else:
                if wait:
                    _log.info("tracking is back; what %s held is delivered", self._spool.folder)
                wait = 0.0
            if not closing:
                self._closing.wait(wait or self._pause)
            elif not wait or time.monotonic() + self._pause >= self._deadline:
                return
            else:
                time.sleep(self._pause)

    def _warn_unreachable(self, error: Exception, *, first: bool) -> None:
        level = logging.WARNING if first else logging.DEBUG
        _log.log(level, "tracking is away; the run goes on and is kept in %s: %s", self._spool.folder, error)


def drain(spool: Spool, sink: Sink) -> None:
    """Deliver everything outstanding; what the sink refuses is put aside with its reason.

    Raises:
        Exception: Whatever the sink raises when it is away; what was delivered until then is marked.
    """
    while (chunk := spool.read(_BATCH)).lines:
        try:
            sink.deliver([_record(line) for line in chunk.lines], spool.folder)
        except Refused:
            _deliver_singly(spool, sink, chunk.lines)
        spool.mark_sent(chunk.end)


def _deliver_singly(spool: Spool, sink: Sink, lines: Sequence[str]) -> None:
    """Find what is refused among the lines, so that it does not hold back the others."""
    reasons = []
    for line in lines:
        try:
            sink.deliver([_record(line)], spool.folder)
        except Refused as error:
            spool.refuse(line, str(error))
            reasons.append(str(error))
    if reasons:
        _log.warning(
            "%d records of the run are refused and kept in %s; the first because: %s",
            len(reasons),
            spool.folder / "refused.jsonl",
            reasons[0],
        )


def _record(line: str) -> Record:
    try:
        return from_line(line)
    except ValueError as error:
        raise Refused(str(error)) from error
