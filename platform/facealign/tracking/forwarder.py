"""The thread between a spool and whoever receives it: no run waits for a server, and none fails with it."""

import logging
import threading
import time
from collections.abc import Sequence
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
        spool: Where the records come from.
        sink: Where they go.
        pause: Seconds between two looks into the spool, and before the first new attempt when the sink is away;
            further attempts wait longer, up to a minute.
    """

    def __init__(self, spool: Spool, sink: Sink, pause: float = 1.0) -> None:
        self._spool = spool
        self._sink = sink
        self._pause = pause
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="facealign-tracking", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> int:
        """Deliver what is outstanding, for at most ``timeout`` seconds; how many records are outstanding still."""
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._thread.join(timeout)
        outstanding = self._spool.outstanding()
        if outstanding:
            _log.warning(
                "%d records of the run are not delivered and stay in %s; when the tracking server is back, "
                "facealign.tracking.replay(%r) delivers them",
                outstanding,
                self._spool.folder,
                self._spool.folder,
            )
        return outstanding

    def _run(self) -> None:
        wait = 0.0
        while True:
            # Asked before the spool is drained: whatever was said before close is then in this drain.
            closing = self._closing.is_set()
            try:
                drain(self._spool, self._sink)
            except Exception as error:  # noqa: BLE001 - no failure of a sink may reach the training
                self._tell_away(error, first=not wait)
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

    def _tell_away(self, error: Exception, *, first: bool) -> None:
        level = logging.WARNING if first else logging.DEBUG
        _log.log(level, "tracking is away; the run goes on and is kept in %s: %s", self._spool.folder, error)


def drain(spool: Spool, sink: Sink) -> None:
    """Deliver everything outstanding; what the sink refuses is put aside with its reason.

    Raises:
        Exception: Whatever the sink raises when it is away; what was delivered until then is marked.
    """
    while (chunk := spool.read(_BATCH)).lines:
        try:
            sink.deliver([from_line(line) for line in chunk.lines], spool.folder)
        except (Refused, ValueError):
            _deliver_singly(spool, sink, chunk.lines)
        spool.mark_sent(chunk.end)


def _deliver_singly(spool: Spool, sink: Sink, lines: Sequence[str]) -> None:
    """Find what is refused among the lines, so that it does not hold back the others."""
    reasons = []
    for line in lines:
        try:
            sink.deliver([from_line(line)], spool.folder)
        except (Refused, ValueError) as error:
            spool.refuse(line, str(error))
            reasons.append(str(error))
    if reasons:
        _log.warning(
            "%d records of the run are refused and kept in %s; the first because: %s",
            len(reasons),
            spool.folder / "refused.jsonl",
            reasons[0],
        )
