"""The training loop."""

from pathlib import Path

from facealign.training.callback import Callback
from facealign.training.config import TrainJob
from facealign.training.progress import Progress
from facealign.training.run import TrainingRun
from facealign.training.world import World


def fit(job: TrainJob, world: World, events: Callback, resume_from: Path | None = None) -> Progress:
    """Train until the last epoch, until nothing gets better any more, or until a stop is requested.

    Every process of the world calls this with the same job. ``events`` is offered a checkpoint after each epoch,
    every ``checkpoint_every`` steps, and at a stop. The progress returned says what ended the training: after a
    stop, ``progress.is_done(job.train)`` is False.

    Raises:
        UserError: The shards are not those of the job or cannot be read, the batch cannot be shared among the
            processes, the checkpoint is of another job, a loss is no longer finite, or memory or disk are full.
    """
    run = TrainingRun(job, world, events, resume_from)
    while not run.is_done:
        for batch in run.local_batches():
            run.train_step(batch)
            if run.is_sync_step():
                must_stop = run.sync_metrics_and_stop()
                if must_stop or run.at_checkpoint():
                    run.save()
                if must_stop:
                    return run.progress
        run.finish_epoch()
        run.save()
    return run.progress
