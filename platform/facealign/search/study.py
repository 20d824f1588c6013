"""The study: the only persistent state of a search, shared by all its processes.

A trial is WAITING, then RUNNING, and ends COMPLETE, PRUNED or FAIL. A driver that is killed leaves RUNNING rows;
the next one finds them, and they wait again in place, with number and parameters as they were. Each row is there
once.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from facealign.search.plan import SearchLimits, TrialPlan
from facealign.search.space import Assignments
from facealign.search.storage import Storage
from facealign.search.trial_row import CAUSE, EPOCHS, METRICS, PARAMS, RUN_ID, RUNGS, SECONDS, TrialRow, row, rows

# Time that a search has spent, over all its starts.


_SECONDS = "seconds"
_GPU_SECONDS = "gpu_seconds"
_NOTED_EVERY = 5.0
"""Seconds; what a driver that is killed has spent since then is forgotten."""

Clock = Callable[[], float]


class BudgetTracker:
    """Counts seconds of wall clock and of GPUs, and keeps both with the study.

    Args:
        study: Where they are kept.
        limits: How many there are to spend.
        clock: Seconds that never go back.
    """

    def __init__(self, study: optuna.Study, limits: SearchLimits, clock: Clock = time.monotonic) -> None:
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
        """Seconds of wall clock that are left; None: no bound."""
        return None if self._limits.seconds is None else self._limits.seconds - self.seconds

    @property
    def is_over(self) -> str | None:
        """The limit that is reached: ``hours`` or ``gpu_hours``; None while there is time."""
        limits = self._limits
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return "hours"
        if limits.gpu_seconds is not None and self.gpu_seconds >= limits.gpu_seconds:
            return "gpu_hours"
        return None


_PLACE = "place"

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Asked:
    """A trial to run.

    Attributes:
        params: What tells the trial from the others.
        settings: All that differs from the params file.
        rungs: Validation NME of the epochs that it had already, if it was begun before.
    """

    number: int
    params: Assignments
    settings: Assignments
    rungs: dict[int, float]


class SearchStudy:
    """A plan's study, opened by the one driver that works on it, or made.

    Args:
        plan: Which trials there are.
        storage: Of ``open_storage``.
        limits: Where it ends, if not where the plan says.
        again: Try once more what has failed of the plan's queue; the failed trials stay on record.
        clock: Seconds that never go back.

    Attributes:
        requeued: Numbers of the trials that a killed driver left running.
        budget: Of time.
    """

    def __init__(
        self,
        plan: TrialPlan,
        storage: Storage,
        limits: SearchLimits | None = None,
        again: bool = False,
        clock: Clock = time.monotonic,
    ) -> None:
        self.plan, self.limits = plan, limits or plan.limits
        self._storage, self._clock = storage, clock
        self.optuna = optuna.create_study(
            storage=storage,
            study_name=plan.name,
            directions=["minimize"] * len(plan.objectives),
            load_if_exists=True,
            pruner=plan.pruner(),
            sampler=plan.sampler(0),
        )
        self._running: dict[int, optuna.Trial] = {}
        self._begun: dict[int, float] = {}
        self.requeued = [trial.number for trial in self.rows() if trial.state == "RUNNING"]
        for number in self.requeued:
            self._wait_again(number)
        self._queue_up(again)
        self.budget = BudgetTracker(self.optuna, self.limits, clock)

    def rows(self) -> tuple[TrialRow, ...]:
        """Return all trials as rows, by number."""
        return rows(self.optuna)

    def queued(self) -> tuple[TrialRow, ...]:
        """The latest trial of each position in the plan's queue."""
        latest, trials = self._latest(), self.rows()
        return tuple(trials[latest[place]] for place in range(len(self.plan.queue)))

    @property
    def running_trials(self) -> list[int]:
        """Numbers of the trials that were asked and have not ended."""
        return list(self._running)

    @property
    def has_more(self) -> bool:
        """Whether there is a trial to ask for."""
        return self._next_number() is not None

    def ask(self) -> Asked | None:
        """The next trial: the first that waits, else a new one; None where there are enough.

        The sampler is that of the trial's number, so a search that was cut off asks what an undisturbed one asks.
        """
        number = self._next_number()
        if number is None:
            return None
        self.optuna.sampler = self.plan.sampler(number)
        trial = self.optuna.ask()
        assert trial.number == number, "nobody else asks this study"
        if PARAMS not in trial.user_attrs:
            # A driver may have been killed between two parameters. Sample all of them again, from the first, to
            # come to the same values.
            _forget_suggestions(trial)
        params = self.plan.suggest(trial)
        trial.set_user_attr(PARAMS, params)
        self._running[number], self._begun[number] = trial, self._clock()
        return Asked(number, params, self.plan.fixed | params, row(self.optuna, number).rungs)

    def report(self, number: int, rungs: Mapping[int, float], epochs: int, *, judge: bool) -> bool:
        """Put a trial's epochs on record; True where the pruner stops it.

        Args:
            number: The number of a running trial.
            rungs: Validation NME after each epoch that was measured, since the trial began; those on record stay.
            epochs: Finished ones.
            judge: Whether it may be stopped; a trial that has had its last epoch is complete.
        """
        trial = self._running[number]
        trial.set_user_attr(EPOCHS, epochs)
        self._count_time(number)
        if len(self.plan.objectives) > 1:  # Optuna knows neither rungs nor pruners there
            trial.set_user_attr(RUNGS, {str(epoch): nme for epoch, nme in rungs.items()})
            return False
        known = row(self.optuna, number).rungs
        last = max(known, default=0)
        for epoch, nme in sorted(rungs.items()):
            if epoch not in known:
                trial.report(nme, epoch)
            # The last one known is judged again: a driver may have been killed before it was.
            if judge and epoch >= last and trial.should_prune():
                return True
        return False

    def complete(self, number: int, metrics: Mapping[str, float]) -> tuple[float, ...]:
        """A trial came to its end; returns its values, the objectives' among the metrics, ``nme`` one of them."""
        values = tuple(float(metrics[name]) for name in self.plan.objectives)
        self._running[number].set_user_attr(METRICS, dict(metrics))
        self._finish_trial(number, TrialState.COMPLETE, values)
        return values

    def prune(self, number: int) -> None:
        """The pruner stopped a trial."""
        self._finish_trial(number, TrialState.PRUNED)

    def fail(self, number: int, cause: str) -> None:
        """A trial crashed. It gets no value, so no sampler learns from it."""
        self._running[number].set_user_attr(CAUSE, cause)
        self._finish_trial(number, TrialState.FAIL)

    def requeue(self, number: int) -> None:
        """A trial was cut off by nothing of its own; it goes on later."""
        self._count_time(number)
        del self._running[number]
        self._wait_again(number)

    def tracked(self, number: int, run_id: str) -> None:
        """Say which tracked run is the trial's."""
        self._running[number].set_user_attr(RUN_ID, run_id)

    def causes(self) -> Iterator[tuple[int, str]]:
        """Number and cause of each failed trial."""
        return ((trial.number, trial.cause or "unknown") for trial in self.rows() if trial.state == "FAIL")

    @property
    def has_failed_too_often(self) -> bool:
        """Whether as many trials have failed as may."""
        return self.limits.failures is not None and len(list(self.causes())) >= self.limits.failures

    def _next_number(self) -> int | None:
        trials, limits = self.rows(), self.limits
        waiting = next((trial.number for trial in trials if trial.state == "WAITING"), None)
        if waiting is not None:
            return waiting
        good = sum(trial.state != "FAIL" for trial in trials)
        enough = limits.trials is not None and good >= limits.trials
        full = limits.rows is not None and len(trials) >= limits.rows
        return None if enough or full else len(trials)

    def _queue_up(self, again: bool) -> None:
        """Queue what of the plan's queue is not there; a driver may have been killed in the middle of it."""
        latest, trials = self._latest(), self.rows()
        for place, queued in enumerate(self.plan.queue):
            if place not in latest or (again and trials[latest[place]].state == "FAIL"):
                self.optuna.enqueue_trial(dict(queued.params), {**queued.attributes, _PLACE: place})

    def _latest(self) -> dict[int, int]:
        """Numbers of the trials, the last of those that were queued for the same place, by the place."""
        trials = self.optuna.get_trials(deepcopy=False)
        return {trial.user_attrs[_PLACE]: trial.number for trial in trials if _PLACE in trial.user_attrs}

    def _wait_again(self, number: int) -> None:
        study_id = self._storage.get_study_id_from_name(self.plan.name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
        self._storage.set_trial_state_values(trial_id, TrialState.WAITING)

    def _finish_trial(self, number: int, state: TrialState, values: tuple[float, ...] | None = None) -> None:
        self._count_time(number)
        self.optuna.tell(self._running.pop(number), values, state)
        self.budget.note()

    def _count_time(self, number: int) -> None:
        """Add the time since the last call to the trial's seconds, over all its starts."""
        now, trial = self._clock(), self._running[number]
        trial.set_user_attr(SECONDS, trial.user_attrs.get(SECONDS, 0.0) + now - self._begun[number])
        self._begun[number] = now


def _forget_suggestions(trial: optuna.Trial) -> None:
    """Let Optuna sample all parameters of a trial again; by itself it keeps those that it has suggested.

    Uses a private part of Optuna; ``tests/search/test_optuna_internals.py`` names the version that this holds for.
    """
    trial._cached_frozen_trial.params.clear()
    trial._cached_frozen_trial.distributions.clear()
