"""When a training will be done."""

from collections.abc import Callable


class Eta:
    """Judges the time left by the pace since the first position heard of.

    So the workers' start doesn't count, nor do the steps of an earlier process from which a training goes on.

    Args:
        clock: Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None

    def at(self, position: int) -> None:
        """So many steps of the whole are done, now."""
        self._last = position, self._clock()
        self._first = self._first or self._last

    def left(self, total: int) -> float | None:
        """Seconds from the last position to ``total``; None while there is no pace to judge by."""
        if self._first is None or self._last is None:
            return None
        steps, seconds = self._last[0] - self._first[0], self._last[1] - self._first[1]
        return (total - self._last[0]) * seconds / steps if steps > 0 else None


def clock_text(seconds: float | None) -> str:
    """``h:mm:ss``, or as many dashes where it is not known."""
    if seconds is None:
        return "-:--:--"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
