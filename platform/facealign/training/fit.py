"""The training loop."""

import time
from pathlib import Path

from facealign.training.config import TrainJob
from facealign.training.events import Events
from facealign.training.progress import Progress
from facealign.training.run import Run
from facealign.training.world import World


def fit(job: TrainJob, world: World, events: Events, resume_from: Path | None = None) -> Progress:
    """Train until the last epoch, or until a stop is requested.

    Every process of the world calls this with the same job. ``events`` is offered a checkpoint after each epoch
    and at a stop. The progress returned says which of the two ended the training: after a stop, fewer epochs are
    done than the job asks for.

    Raises:
        UserError: The shards are not those of the job, the batch does not divide among the processes, the
            checkpoint is of another job, or the loss is no longer finite.
    """
    run = Run(job, world, events, resume_from)
    while run.progress.epoch < job.train.epochs:
        started, images = time.perf_counter(), 0
        for batch in run.batches():
            run.learn(batch)
            images += len(batch) * world.size
            if run.at_log_point() and run.log_and_agree_to_stop():
                run.save()
                return run.progress
        run.finish_epoch(started, images)
        run.save()
    return run.progress
