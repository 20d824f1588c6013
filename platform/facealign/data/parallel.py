"""A map over processes that keeps the order and bounds what is held in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

import cv2

from facealign.config import UserError

T = TypeVar("T")
R = TypeVar("R")

_CHUNK = 8
_CHUNKS_AHEAD = 3
"""Chunks under way for each process: enough that none waits, few enough that results do not pile up."""


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """``map(function, items)``, computed by ``workers`` processes; with one, in this process.

    Args:
        function: Picklable, as are its arguments and results.
        items: Read only as far as work is under way.
        workers: Processes.

    Raises:
        UserError: A process died.
    """
    if workers == 1:
        yield from map(function, items)
        return
    # Not fork: this process may hold threads (of OpenCV, of a progress bar) whose locks a fork would inherit.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("forkserver"), initializer=_use_one_thread)
    try:
        yield from _in_order(pool, function, iter(items), workers * _CHUNKS_AHEAD)
    except BrokenProcessPool:
        raise UserError(
            f"one of {workers} processes that prepare samples died; what it said is above. If it said nothing, it "
            "was killed, for want of memory as a rule: lower data.workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, function: Callable[[T], R], items: Iterator[T], ahead: int
) -> Iterator[R]:
    pending: deque[Future[list[R]]] = deque()
    while chunk := list(islice(items, _CHUNK)):
        pending.append(pool.submit(_map_chunk, function, chunk))
        if len(pending) == ahead:
            yield from pending.popleft().result()
    while pending:
        yield from pending.popleft().result()


def _map_chunk(function: Callable[[T], R], chunk: list[T]) -> list[R]:
    return [function(item) for item in chunk]


def _use_one_thread() -> None:
    cv2.setNumThreads(1)
