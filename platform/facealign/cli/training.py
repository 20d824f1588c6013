"""What every training shows on the terminal, wherever it runs."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from facealign.data.loader import training_plan
from facealign.data.ordering.order import steps_per_epoch
from facealign.data.shards.reader import ShardReader
from facealign.report.progress import training_progress
from facealign.training import TrainJob
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped


def shown(job: TrainJob, resuming: bool) -> AbstractContextManager[Callable[[Mapping[str, Any]], None]]:
    """Say that a training starts, and show its events in the block.

    Raises:
        UserError: The training faces do not make an epoch.
    """
    reader = ShardReader(job.shards, "train")
    steps = steps_per_epoch(training_plan(reader, job.train.sampling).length, job.train.batch_size)
    print(f"{job.name}: {'going on with' if resuming else 'training on'} {len(reader)} faces", flush=True)
    return training_progress(job.train.epochs, steps, sys.stdout)


def say_early_stop(job: TrainJob, progress: Progress) -> None:
    """Say why a training ended before its last epoch, if it did."""
    best = progress.best
    if progress.epoch < job.train.epochs and best is not None:
        print(
            f"stopped early after {progress.epoch} epochs: the last {progress.measured_since_best} measurements "
            f"were not better than that of epoch {best.epoch} (train.early_stop)"
        )


@contextmanager
def told_to_stop() -> Iterator[None]:
    """Say that a training that was asked to stop can go on, and exit as the signal wants it."""
    try:
        yield
    except Stopped as stopped:
        print(f"{stopped}; the checkpoint is kept, and the same command goes on from it", file=sys.stderr)
        sys.exit(stopped.exit_status)
