"""The controller of a search: chooses the next trial, records reports, and ends the search."""

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facealign.cluster.search.task import TrialReport, TrialTask, end_trial
from facealign.config import UserError
from facealign.search.events import (
    Note,
    SearchBegins,
    SearchEvent,
    TrialEnded,
    TrialEpoch,
    TrialStarted,
    TrialState,
)
from facealign.search.space import Assignments
from facealign.search.study import Asked, SearchStudy
from facealign.search.trial_row import best, row
from facealign.tracking import Run, RunHandle, deliver_left
from facealign.tracking.handles import from_json
from facealign.training import TrainJob

JobOf = Callable[[Assignments], TrainJob]
_log = logging.getLogger(__name__)


@dataclass
class _RunningTrial:
    """State of a running trial."""

    job: TrainJob
    run: Run | None = None
    epochs: int = 0


class TrialController:
    """Records the course of the trials in the study; independent of Tune and Ray.

    Args:
        study: That remembers all.
        job_of: The training of a trial's settings; raises ``UserError`` where they do not go together.
        restarts: How often a trial whose process was lost is tried again.
        spool: For what MLflow has not taken yet.
        delete_checkpoints: Deletes the checkpoints of a trial that has ended.
        on_event: TrialReport all that ``facealign.search.events`` lists.
    """

    def __init__(
        self,
        study: SearchStudy,
        job_of: JobOf,
        restarts: int,
        spool: Path,
        delete_checkpoints: Callable[[int], None],
        on_event: Callable[[SearchEvent], None],
    ) -> None:
        self._study, self._job_of, self._restarts = study, job_of, restarts
        self._spool, self._delete_checkpoints, self._on_event = spool, delete_checkpoints, on_event
        self._trials: dict[int, _RunningTrial] = {}
        self._lost: dict[int, int] = {}
        self._cut_off: list[Run] = []
        self._last_cause: str | None = None
        self._ends = ThreadPoolExecutor(1, thread_name_prefix="runs")  # MLflow may be slow, or away
        self.error: UserError | None = None
        self.is_stopping = False

    def begin(self) -> None:
        """Say what the study holds, and remove what trials that have ended left behind."""
        rows = self._study.rows()
        leader = next(iter(best(rows)), None)
        self._on_event(
            SearchBegins(
                kind="search",
                name=self._study.plan.name,
                objectives=self._study.plan.objectives,
                trials=self._study.limits.trials or self._study.limits.rows,
                seconds_left=self._study.budget.seconds_left,
                rungs=self._study.plan.rungs,
                ended={state: sum(one.state == state for one in rows) for state in ("COMPLETE", "PRUNED", "FAIL")},
                best=(leader.number, leader.values[0]) if leader else None,
            )
        )
        if self._study.requeued:
            numbers = ", ".join(map(str, self._study.requeued))
            self._on_event(
                Note(kind="note", text=f"trials {numbers} were cut off, and go on from their checkpoints")
            )
        for one in rows:
            if one.state in ("COMPLETE", "PRUNED", "FAIL"):
                self._delete_checkpoints(one.number)  # its driver may have been killed just before
        self._check_failures()

    @property
    def has_more(self) -> bool:
        """Whether there is anything to run."""
        return not self.is_stopping and self._study.has_more

    @property
    def running(self) -> int:
        """The number of running trials."""
        return len(self._trials)

    def next(self) -> TrialTask | None:
        """The next trial; None where there is none, now or at all."""
        while not self.is_stopping and (asked := self._study.ask()) is not None:
            try:
                job = self._job_of(asked.settings)
            except UserError as error:
                self._say_started(asked, epochs=0)
                self._fail(asked.number, str(error))
                continue
            self._trials[asked.number] = _RunningTrial(job, epochs=max(asked.rungs, default=0))
            self._say_started(asked, job.train.epochs)
            return TrialTask(number=asked.number, job=job, params=asked.params)
        return None

    def on_report(self, number: int, report: TrialReport) -> bool:
        """Record a report; return True if the trial is over and has to stop."""
        if number not in self._trials:  # it was lost, and says its last
            return True
        trial, study = self._trials[number], self._study
        match report["kind"]:
            case "begun":
                trial.run = from_json(report["run"]) if report["run"] else None
                if isinstance(trial.run, RunHandle):
                    study.tracked(number, trial.run.run_id)
                return False
            case "epoch":
                return self._epoch(number, report)
            case "complete":
                study.report(number, report["rungs"], report["epochs"], judge=False)
                values = study.complete(number, report["metrics"])
                self._end(number, "COMPLETE", values, metrics=report["metrics"])
            case "stopped":
                self._put_back(number)
            case "failed":
                self._fail(number, report["cause"])
            case "unfit":
                self._put_back(number)
                self._give_up(report["cause"])
        return True

    def lost(self, number: int, cause: str) -> None:
        """A trial's process is gone, and with it what it had not kept."""
        if number not in self._trials:
            return
        self._lost[number] = self._lost.get(number, 0) + 1
        if self.is_stopping:
            self._put_back(number)
        elif self._lost[number] > self._restarts:
            times = f"{self._lost[number]} times (cluster.max_failures: {self._restarts})"
            self._fail(number, f"its process was lost {times}: {cause}")
        else:
            count = f"restart {self._lost[number]} of at most {self._restarts}, from its last checkpoint"
            self._on_event(Note(kind="note", text=f"trial {number}: its process was lost: {cause}; {count}"))
            self._put_back(number)

    def tick(self, gpus_per_trial: float) -> str | None:
        """Count the time; returns what limit of time is reached, if one is."""
        self._study.budget.tick(gpus_per_trial * self.running)
        return self._study.budget.is_over

    def close(self) -> None:
        """Requeue the running trials, and wait a bounded time for MLflow."""
        for number in list(self._trials):
            self._put_back(number)
        for run in self._cut_off:  # in the middle of a word
            self._ends.submit(deliver_left, run, self._spool).add_done_callback(_complain)
        self._study.budget.note()
        self._ends.shutdown(wait=True)

    def _say_started(self, asked: Asked, epochs: int) -> None:
        self._on_event(
            TrialStarted(
                kind="trial_started",
                number=asked.number,
                params=asked.params,
                epochs=epochs,
                rungs=asked.rungs,
            )
        )

    def _epoch(self, number: int, report: TrialReport) -> bool:
        trial = self._trials[number]
        if report["epoch"] > trial.epochs:
            trial.epochs = report["epoch"]
            self._on_event(TrialEpoch(kind="trial_epoch", number=number, epoch=report["epoch"], nme=report["nme"]))
        is_last = report["epochs"] >= trial.job.train.epochs
        if not self._study.report(number, report["rungs"], report["epochs"], judge=not is_last):
            return False
        self._study.prune(number)
        self._end(number, "PRUNED")
        return True

    def _put_back(self, number: int) -> None:
        self._study.requeue(number)
        self._end(number, "WAITING")

    def _fail(self, number: int, cause: str) -> None:
        self._study.fail(number, cause)
        self._end(number, "FAIL", cause=cause)
        self._check_failures()
        kind = re.sub(r"\d+", "#", cause)
        if kind == self._last_cause and not any(one.rungs for one in self._study.rows()):
            self._give_up(f"the first trials all failed, and of the same cause: {_short(cause)}")
        self._last_cause = kind

    def _check_failures(self) -> None:
        if self._study.has_failed_too_often:
            causes = "\n".join(f"  trial {failed}: {_short(why)}" for failed, why in self._study.causes())
            most = self._study.limits.failures
            self._give_up(
                f"{most} trials have failed (budget.failures); fix what they name, then go on with --continue "
                f"and a higher budget.failures:\n{causes}"
            )

    def _give_up(self, message: str) -> None:
        self.is_stopping = True
        self.error = self.error or UserError(message)

    def _end(
        self,
        number: int,
        state: TrialState,
        values: tuple[float, ...] = (),
        cause: str | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        trial, ended = self._trials.pop(number, None), row(self._study.optuna, number)
        if state != "WAITING":
            self._delete_checkpoints(number)
        if trial is not None and trial.run is not None:
            future = self._ends.submit(end_trial, trial.run, state, cause, metrics or {}, self._spool)
            future.add_done_callback(_complain)
            if state in ("PRUNED", "WAITING"):
                self._cut_off.append(trial.run)
        self._on_event(
            TrialEnded(
                kind="trial_ended",
                number=number,
                state=state,
                values=values,
                epochs=ended.epochs,
                seconds=ended.seconds or 0.0,
                cause=cause,
            )
        )


def _short(cause: str) -> str:
    """A cause in a line: of a trace, its last one."""
    lines = cause.strip().splitlines()
    return lines[-1] if lines and lines[0].startswith("Traceback") else (lines or ["unknown"])[0]


def _complain(future: Any) -> None:
    if (error := future.exception()) is not None:
        _log.warning("a trial's run in MLflow was not ended: %s", error)
