"""The trainable of a trial: one training, as a Ray Train run or in Tune's own process."""

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
from facealign.cluster.channel import StopWatch, channel
from facealign.cluster.failures import LESS_MEMORY, is_full, is_out_of_memory, is_retryable, translate_ray_errors
from facealign.cluster.search.task import (
    SendReport,
    SharedTrialSettings,
    TrialReport,
    TrialTask,
    completed,
    report_of,
)
from facealign.cluster.trainer import build_trainer, fetch_best, follow, progress_of
from facealign.cluster.worker import WorkerTask
from facealign.config import UserError
from facealign.config.device import device_named
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.tracking import Run, Tracker
from facealign.training import World, fit
from facealign.training.checkpoint_manager import CheckpointManager
from facealign.training.progress import EpochRecord, Progress

# A trial that needs one process: trained in Tune's own, which saves the seconds that Ray Train takes to start.


def train_here(
    task: TrialTask, common: SharedTrialSettings, run: Run | None, watch: StopWatch, send_report: SendReport
) -> tuple[Progress, Path | None]:
    """Train in this process; returns how far it came, and its best model's folder, None while there is none."""
    kept = CheckpointManager(Path(common.folder(task.number)))
    device = device_named(None)  # Ray shows a process its own GPUs alone
    with (
        tracking.system_metrics(run, common.spool, "node0"),
        closing(tracking.tracker_for(run, common.spool)) as tracker,
    ):
        progress = fit(
            task.job, World(device=device), _TrialCallback(kept, tracker, watch, send_report), kept.last
        )
    return progress, kept.best


class _TrialCallback:
    """Callback of a trial: reports to tracker and driver, keeps checkpoints, and stops on request."""

    def __init__(
        self, kept: CheckpointManager, tracker: Tracker, watch: StopWatch, send_report: SendReport
    ) -> None:
        self._kept, self._tracker, self._watch, self._send_report = kept, tracker, watch, send_report
        self._news: Progress | None = None

    def log(self, metrics: dict[str, float], step: int) -> None:
        self._tracker.metrics(metrics, step)

    def epoch(self, progress: Progress, step: int) -> None:
        self._tracker.metrics(progress.metrics(), step)
        self._news = progress

    def checkpoint(self, folder: Path | None, score: float) -> None:
        assert folder is not None, "the only process is the main one"
        self._kept.keep(folder)
        # Reported after its checkpoint is kept, so that a resumed trial never reports less than before.
        if self._news is not None:
            news, self._news = self._news, None
            self._send_report(report_of(news))

    def stop_requested(self) -> bool:
        return self._watch.requested


# A trial that is a Ray Train run of its own, started and followed by Tune's process for it.


def train_on_workers(
    task: TrialTask,
    common: SharedTrialSettings,
    run: Run | None,
    watch: StopWatch,
    send_report: SendReport,
    best_model: Path,
) -> tuple[Progress, Path | None]:
    """Train on workers of the trial's own; returns as ``train_here`` does, with the best model in ``best_model``.

    The epochs come by the channel and not by Tune's callback for Ray Train, which would pass on every checkpoint,
    those from the middle of an epoch too.
    """
    assert common.scaling is not None, "or else the trial is trained here"
    place = common.folder(task.number)
    history = _History(send_report)
    with channel(f"trial {task.number} of {common.study}") as line, translate_ray_errors(place):
        work = WorkerTask(job=task.job, channel=line, run=run, spool=common.spool)
        trainer = build_trainer(work, place, common.cluster, common.scaling)
        result = follow(trainer, line, lambda: "the search" if watch.requested else None, history.on_report)
        progress = progress_of(result)
        if not progress.is_done(task.job.train):
            return progress, None
        fetch_best(result, best_model)
    return progress, best_model


class _History:
    """Turns the workers' events into the trial's reports: each epoch once, with the history before it."""

    def __init__(self, send_report: SendReport) -> None:
        self._send_report = send_report
        self._records: dict[int, EpochRecord] = {}

    def on_report(self, event: dict[str, Any]) -> None:
        match event:
            case {"kind": "resumed", "history": history}:
                self._records |= {record["epoch"]: EpochRecord(**record) for record in history}
            case {"kind": "epoch", **fields}:
                record = EpochRecord(**fields)
                self._records[record.epoch] = record
                so_far = tuple(self._records[epoch] for epoch in sorted(self._records) if epoch <= record.epoch)
                self._send_report(report_of(Progress(epoch=record.epoch, history=so_far)))


class _Unfit(Exception):
    """Something that no trial can do without is missing."""


def run_trial(config: dict[str, Any], common: SharedTrialSettings) -> None:
    """Train one trial, from its last checkpoint if it has one, and tell the driver how it goes and how it ended.

    Args:
        config: Tune's; ``task`` is the trial.
        common: Of all trials.

    Raises:
        Exception: A retryable error; others are reported.
    """
    try:
        ending = _trained(config["task"], common)
    except _Unfit as error:
        ending = TrialReport(kind="unfit", cause=str(error))
    except Exception as error:
        if is_retryable(error):
            raise
        ending = TrialReport(kind="unfit" if is_full(error) else "failed", cause=_cause(error))
    _send_report(ending)


def _send_report(report: TrialReport) -> None:
    """Send a report to the driver through Tune; does not return where the driver then stops the trial."""
    ray.tune.report({"report": json.dumps(report)})  # as text, because Tune takes mappings apart


def _trained(task: TrialTask, common: SharedTrialSettings) -> TrialReport:
    if ray.get(common.channel.control_request.remote()) is not None:
        return TrialReport(kind="stopped")
    run = _prepared(task, common)
    _send_report(TrialReport(kind="begun", run=tracking.to_json(run) if run else None))
    with closing(StopWatch(common.channel)) as watch, TemporaryDirectory(prefix="facealign-trial-") as folder:
        if common.scaling is None:
            progress, best_model = train_here(task, common, run, watch, _send_report)
        else:
            progress, best_model = train_on_workers(task, common, run, watch, _send_report, Path(folder) / "model")
        if not progress.is_done(task.job.train):
            return TrialReport(kind="stopped")
        assert best_model is not None, "a finished training has measured its last epoch"
        return completed(progress, common.measure(best_model, task.job, progress) if common.measure else {})


def _prepared(task: TrialTask, common: SharedTrialSettings) -> Run | None:
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
