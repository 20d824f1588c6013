"""The state of a training and its steps: train, synchronize, validate, save."""

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.sampler import order
from facealign.metrics import Total, nme
from facealign.training.callback import UNMEASURED, Callback
from facealign.training.checkpoint import build_method, load_checkpoint, save_checkpoint
from facealign.training.config import TrainJob
from facealign.training.faces import TrainingData
from facealign.training.learner import Learner
from facealign.training.memory import keep_freed_memory
from facealign.training.meter import Meter
from facealign.training.optimizer import lr_factor
from facealign.training.predictions import predict
from facealign.training.progress import EpochRecord, Progress
from facealign.training.shortage import enough_memory
from facealign.training.world import World

_NAMED = 32


def not_finite_error(epoch: int, meter: Meter, world: World) -> UserError:
    """The error that names the first batch whose loss, or else the weights after it, is not finite.

    Every process of the world calls this, and gets the same.

    Args:
        epoch: Finished epochs.
        meter: Of the steps since the last synchronization, until which all was finite.
        world: The processes whose micro-batches are checked.
    """
    found = [micro_batch for micro_batches in world.gather(meter.not_finite()) for micro_batch in micro_batches]
    if found:
        step = min(found)[0]
        first = [micro_batch for micro_batch in found if micro_batch[0] == step]
        what = f"the loss is {first[0][2]}, for the first time, over"
        ids = [name for _, names, _ in first for name in names]
    else:
        step = meter.last.step
        what = "the loss is finite, but the weights after it are not; they learned from"
        ids = [name for names in world.gather(meter.last.ids) for name in names]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return UserError(
        f"epoch {epoch + 1}, step {step}: {what} {', '.join(ids[:_NAMED])}{more}; the last checkpoint is kept. "
        "Lower optimizer.lr, set clip_norm or precision: fp32, or look at these faces, if it is always they"
    )


class TrainingRun:
    """The state of a training in one process; ``progress`` is equal in all of them.

    Raises:
        UserError: See ``fit``.
    """

    def __init__(self, job: TrainJob, world: World, events: Callback, resume_from: Path | None) -> None:
        self.job, self.world, self.events = job, world, events
        keep_freed_memory(world)
        self.faces = TrainingData(job, world)
        self.micro_batches = order.micro_batches_per_step(
            job.train.batch_size, world.size, job.train.per_device_batch
        )
        method = build_method(job, self.faces.input_spec)
        if resume_from is None:
            self.faces.initialize(method)
        self.learner = Learner(method, job.train, world)
        self.progress = Progress() if resume_from is None else load_checkpoint(resume_from, self.learner, job)
        self._meter = Meter(world.device)

    @property
    def is_done(self) -> bool:
        """Whether no epoch is to follow, see ``Progress.is_done``."""
        return self.progress.is_done(self.job.train)

    def local_batches(self) -> Iterator[Batch]:
        """Iterate over this process's local batches in the rest of the epoch."""
        self._epoch_started, self._first_step = time.perf_counter(), self.progress.step
        local_batches = self.faces.local_batches(self.learner.method, self.progress.epoch, self.progress.step)
        while True:
            asked = time.perf_counter()
            batch = next(local_batches, None)
            self._meter.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch.to(self.world.device)

    def train_step(self, batch: Batch) -> None:
        """Make one step of the optimizer, by the gradient of the global batch's mean loss.

        A micro-batch's loss is weighted by its number of faces, so that DDP's mean over the processes is the mean
        over all faces.
        """
        config, epoch, step = self.job.train, self.progress.epoch, self.progress.step
        first = order.positions(step, config.batch_size, self.world.rank, self.world.size).start
        epochs_done = epoch + step / self.faces.steps
        with enough_memory(self._less_memory):
            for number in range(self.micro_batches):
                rows = order.rank_slice(len(batch), number, self.micro_batches)
                torch.manual_seed(order.network_seed(self.job.seed, epoch, first + rows.start))
                weight = len(rows) * self.world.size / config.batch_size
                micro_batch = batch.part(rows)
                terms = self.learner.backward(micro_batch, weight, is_last=number == self.micro_batches - 1)
                self._meter.add(step + 1, micro_batch.ids, terms, weight)
            self.learner.step(config.optimizer.lr * lr_factor(config.schedule, epochs_done, config.epochs))
        self.progress = self.progress.model_copy(update={"step": step + 1})

    def is_sync_step(self) -> bool:
        """Whether the processes synchronize here: at log points, before a checkpoint, at the epoch's end."""
        step = self.progress.step
        return step % self.job.train.log_every == 0 or step == self.faces.steps or self.at_checkpoint()

    def at_checkpoint(self) -> bool:
        """Whether a checkpoint is due within the epoch."""
        every = self.job.train.checkpoint_every
        return every is not None and self.progress.step < self.faces.steps and self._global_step % every == 0

    def sync_metrics_and_stop(self) -> bool:
        """Log the metrics since the last synchronization; return True if any process was asked to stop.

        One exchange serves both, so that all stop at the same step.

        Raises:
            UserError: A loss or a weight is not a finite number.
        """
        meter, self._meter = self._meter, Meter(self.world.device)
        names, (*own, norm) = meter.totals(self.learner.weight_norm)
        stop_requested, seconds = float(self.events.stop_requested()), meter.seconds
        faces, stop, waited, norm, *sums = self.world.sum([meter.faces, stop_requested, meter.waited, norm, *own])
        means = {name: total / (meter.steps * self.world.size) for name, total in zip(names, sums, strict=True)}
        loss = means["train/loss"]
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise not_finite_error(self.progress.epoch, meter, self.world)
        self.progress = self.progress.after(
            meter.steps, {name.removeprefix("train/"): mean for name, mean in means.items()}
        )
        if self.world.is_main:
            speed = {
                "train/images_per_second": faces / seconds,
                "train/data_wait": waited / (self.world.size * seconds),
            }
            self.events.log({**means, **self.learner.metrics(), **speed}, self._global_step)
        return stop > 0

    def validate(self) -> float:
        """Mean NME over the validation fold, each face counted once, as a fraction of the normalizer."""
        config = self.job.train
        advice = f"train.validation_batch is {config.validation_batch}: lower it"
        with self.learner.as_measured() as method, enough_memory(advice):
            self.world.broadcast_buffers(method)
            found = predict(method, self.faces.validation(), self.world.device, self.learner.precision.dtype)
        schema = self.faces.input_spec.landmarks
        errors = nme(found.predicted, found.truth, found.valid, schema, config.normalizer, found.ids)
        own = Total.of(errors)
        total, faces = self.world.sum([own.sum, own.count])
        return Total(total, round(faces)).mean

    def finish_epoch(self) -> None:
        """Measure, if it is time, and begin the next epoch."""
        seconds = time.perf_counter() - self._epoch_started
        images = (self.progress.step - self._first_step) * self.job.train.batch_size
        epoch = self.progress.epoch + 1
        is_due = epoch % self.job.train.evaluate_every == 0 or epoch == self.job.train.epochs
        record = EpochRecord(
            epoch=epoch,
            loss=self.progress.loss_sum / self.faces.steps,
            validation_nme=self.validate() if is_due else None,
            lr=self.learner.lr,
            images_per_second=images / seconds,
            seconds=seconds,
            parts={name: total / self.faces.steps for name, total in self.progress.part_sums.items()},
        )
        self.progress = Progress(epoch=epoch, history=(*self.progress.history, record))
        if self.world.is_main:
            self.events.epoch(self.progress, self._global_step)

    def save(self) -> None:
        """Save a checkpoint."""
        measured = None if self.progress.step else self.progress.history[-1].validation_nme
        score = UNMEASURED if measured is None else measured
        if self.world.is_main:
            with tempfile.TemporaryDirectory(prefix="facealign-checkpoint-") as folder:
                save_checkpoint(Path(folder), self.learner, self.progress, self.job, self.faces.input_spec)
                self.events.checkpoint(Path(folder), score)
        else:
            self.events.checkpoint(None, score)
        self._meter = Meter(self.world.device)  # what it took is not the next steps' time

    @property
    def _global_step(self) -> int:
        return self.progress.epoch * self.faces.steps + self.progress.step

    @property
    def _less_memory(self) -> str:
        now = self.job.train.per_device_batch
        largest = -(-self.job.train.batch_size // (self.world.size * self.micro_batches))
        half = max(largest // 2, 1)
        return (
            f"train.per_device_batch is {'null' if now is None else now}, so {largest} faces go through the "
            f"network at once: set per_device_batch: {half}, which leaves batch_size and the learning rate alone, "
            "or precision: bf16, or use more workers"
        )
