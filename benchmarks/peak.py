"""The most memory that a process and all below it held at once."""

import threading

import psutil


class Peak:
    """Watches the memory of this process and of all that it starts, in the block; ``bytes`` is its maximum.

    Resident sets are summed: pages that processes share count for each.
    """

    def __enter__(self) -> "Peak":
        self.bytes = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._closed.wait(0.2):
            self.bytes = max(self.bytes, sum(map(_resident, [me, *me.children(recursive=True)])))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
