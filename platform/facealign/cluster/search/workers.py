"""A trial that is a Ray Train run of its own, started and followed by Tune's process for it."""

from pathlib import Path
from typing import Any

from facealign.cluster.channel import StopWatch, channel
from facealign.cluster.endings import explained
from facealign.cluster.search.task import Common, Tell, TrialTask, told_of
from facealign.cluster.trainer import build_trainer, fetch_best, follow, progress_of
from facealign.cluster.worker import WorkerTask
from facealign.tracking import Run
from facealign.training.progress import EpochRecord, Progress


def train_on_workers(
    task: TrialTask, common: Common, run: Run | None, watch: StopWatch, tell: Tell, best_model: Path
) -> tuple[Progress, Path | None]:
    """Train on workers of the trial's own; returns as ``train_here`` does, with the best model in ``best_model``.

    The epochs come by the channel and not by Tune's callback for Ray Train, which would pass on every checkpoint,
    those from the middle of an epoch too.
    """
    assert common.scaling is not None, "or else the trial is trained here"
    place = common.folder(task.number)
    history = _History(tell)
    with channel(f"trial {task.number} of {common.study}") as line, explained(place):
        work = WorkerTask(job=task.job, channel=line, run=run, spool=common.spool)
        trainer = build_trainer(work, place, common.cluster, common.scaling)
        result = follow(trainer, line, lambda: "the search" if watch.requested else None, history.hear)
        progress = progress_of(result)
        if not progress.is_done(task.job.train):
            return progress, None
        fetch_best(result, best_model)
    return progress, best_model


class _History:
    """Makes of what the workers say what the trial tells: each epoch once, with all before it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._records: dict[int, EpochRecord] = {}

    def hear(self, event: dict[str, Any]) -> None:
        match event:
            case {"kind": "resumed", "history": history}:
                self._records |= {record["epoch"]: EpochRecord(**record) for record in history}
            case {"kind": "epoch", **fields}:
                record = EpochRecord(**fields)
                self._records[record.epoch] = record
                so_far = tuple(self._records[epoch] for epoch in sorted(self._records) if epoch <= record.epoch)
                self._tell(told_of(Progress(epoch=record.epoch, history=so_far)))
