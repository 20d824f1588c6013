"""Tune's two interfaces on the conductor: a searcher that asks it, and a scheduler that tells it."""

import json
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from facealign.cluster.search.conductor import Conductor
from facealign.cluster.search.task import TrialTask


class Unsaved:
    """Nothing of it is kept: Tune saves what it is given, to go on from, and here the study does that."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class StudySearcher(Unsaved, Searcher):  # type: ignore[misc]  # Ray has no types
    """Hands Tune the conductor's trials, so many at once; the study remembers, so Tune has nothing to save."""

    def __init__(self, conductor: Conductor, concurrency: int) -> None:
        super().__init__()
        self._conductor, self._concurrency = conductor, concurrency
        self.numbers: dict[str, int] = {}
        self.causes: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        """Tune calls it: settings of a new trial, None for not now, or that there are no more."""
        if self._conductor.running >= self._concurrency:
            return None
        task = self._conductor.next()
        if task is None:  # one that is under way may have to be asked again
            return None if self._conductor.running else Searcher.FINISHED
        self.numbers[trial_id] = task.number
        return {"task": task}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tune calls it when a trial has ended, by itself or not."""
        cause = self.causes.pop(trial_id, "it ended without a word")
        self._conductor.lost(self.numbers.pop(trial_id), cause)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore."""


class StudyScheduler(Unsaved, FIFOScheduler):  # type: ignore[misc]
    """Passes on what trials tell, and stops those that the study prunes."""

    def __init__(self, conductor: Conductor, searcher: StudySearcher) -> None:
        super().__init__()
        self._conductor, self._searcher = conductor, searcher

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Tune calls it for each report."""
        task: TrialTask = trial.config["task"]
        told = json.loads(result["told"])
        if "rungs" in told:
            told["rungs"] = {int(epoch): nme for epoch, nme in told["rungs"].items()}
        is_over = self._conductor.hear(task.number, told)
        return str(TrialScheduler.STOP if is_over else TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Tune calls it before it says that the trial has ended."""
        lines = str(trial.get_error()).strip().splitlines()
        self._searcher.causes[trial.trial_id] = lines[0][:200] if lines else "unknown"
