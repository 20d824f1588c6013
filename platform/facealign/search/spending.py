"""Time that a search has spent, over all its starts."""

import time
from collections.abc import Callable

import optuna

from facealign.search.plan import Limits

_SECONDS = "seconds"
_GPU_SECONDS = "gpu_seconds"
_NOTED_EVERY = 5.0
"""Seconds; what a driver that is killed has spent since then is forgotten."""

Clock = Callable[[], float]


class Spending:
    """Counts seconds of wall clock and of GPUs, and keeps both with the study.

    Args:
        study: Where they are kept.
        limits: How many there are to spend.
        clock: Seconds that never go back.
    """

    def __init__(self, study: optuna.Study, limits: Limits, clock: Clock = time.monotonic) -> None:
        self._study, self._limits, self._clock = study, limits, clock
        before = study.user_attrs
        self.seconds, self.gpu_seconds = float(before.get(_SECONDS, 0)), float(before.get(_GPU_SECONDS, 0))
        self._last = self._noted = clock()

    def tick(self, gpus: float) -> None:
        """Count the time since the last call, in which trials held ``gpus`` GPUs; called often."""
        now = self._clock()
        self.seconds += now - self._last
        self.gpu_seconds += gpus * (now - self._last)
        self._last = now
        if now - self._noted >= _NOTED_EVERY:
            self.note()

    def note(self) -> None:
        """Keep what has been counted."""
        self._noted = self._last
        self._study.set_user_attr(_SECONDS, self.seconds)
        self._study.set_user_attr(_GPU_SECONDS, self.gpu_seconds)

    @property
    def seconds_left(self) -> float | None:
        """Of wall clock; None: no bound."""
        return None if self._limits.seconds is None else self._limits.seconds - self.seconds

    @property
    def is_over(self) -> str | None:
        """What has been spent whole: ``hours`` or ``gpu_hours``; None while there is time."""
        limits = self._limits
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return "hours"
        if limits.gpu_seconds is not None and self.gpu_seconds >= limits.gpu_seconds:
            return "gpu_hours"
        return None
