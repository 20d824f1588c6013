"""What Tune runs for each trial: one training, as a Ray Train run or in this very process."""

import functools
import json
import traceback
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
import ray.tune

from facealign import tracking
from facealign.cluster.channel import StopWatch
from facealign.cluster.failures import LESS_MEMORY, heals, is_full, is_out_of_memory
from facealign.cluster.search.here import train_here
from facealign.cluster.search.task import Common, Told, TrialTask, completed
from facealign.cluster.search.workers import train_on_workers
from facealign.config import UserError
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.tracking import Run


class _Unfit(Exception):
    """Something that no trial can do without is missing."""


def run_trial(config: dict[str, Any], common: Common) -> None:
    """Train one trial, from its last checkpoint if it has one, and tell the driver how it goes and how it ended.

    Args:
        config: Tune's; ``task`` is the trial.
        common: Of all trials.

    Raises:
        Exception: What another try may heal; all else is told.
    """
    try:
        ending = _trained(config["task"], common)
    except _Unfit as error:
        ending = Told(kind="unfit", cause=str(error))
    except Exception as error:
        if heals(error):
            raise
        ending = Told(kind="unfit" if is_full(error) else "failed", cause=_cause(error))
    _tell(ending)


def _tell(told: Told) -> None:
    """To the driver, by Tune; where the driver then stops the trial, this does not return."""
    ray.tune.report({"told": json.dumps(told)})  # as text, because Tune takes mappings apart


def _trained(task: TrialTask, common: Common) -> Told:
    if ray.get(common.channel.wish.remote()) is not None:
        return Told(kind="stopped")
    run = _prepared(task, common)
    _tell(Told(kind="begun", run=tracking.to_json(run) if run else None))
    with closing(StopWatch(common.channel)) as watch, TemporaryDirectory(prefix="facealign-trial-") as folder:
        if common.scaling is None:
            progress, best_model = train_here(task, common, run, watch, _tell)
        else:
            progress, best_model = train_on_workers(task, common, run, watch, _tell, Path(folder) / "model")
        if not progress.is_done(task.job.train):
            return Told(kind="stopped")
        assert best_model is not None, "a finished training has measured its last epoch"
        return completed(progress, common.measure(best_model, task.job, progress) if common.measure else {})


def _prepared(task: TrialTask, common: Common) -> Run | None:
    """The trial's run, when all is there that every trial needs."""
    try:
        _require_shards(task.job.shards, task.job.data_digest, every_byte=common.scaling is None)
        if common.tracked is None:
            return None
        return common.tracked.open_trial(task.number, task.job, task.params, common.spool)
    except UserError as error:
        raise _Unfit(str(error)) from error


@functools.cache  # one process trains many trials
def _require_shards(shards: str, digest: str, *, every_byte: bool) -> None:
    found = Index.load(shards).digest
    if found != digest:
        raise UserError(
            f"{shards}: content {found[:12]}, but the search was begun on {digest[:12]}; they changed meanwhile. "
            "Start it again: it is then another study"
        )
    for fold in ("train", "val") if every_byte else ():
        ShardReader(shards, fold).check()


def _cause(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if is_full(error):
        return f"no room left on a disk ({error}); make room there, and go on with --continue"
    if is_out_of_memory(error):
        return f"it was refused memory ({error}); {LESS_MEMORY}"
    return "".join(traceback.format_exception(error))
