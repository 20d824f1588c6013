"""A training under way: the network, its optimiser, its data and how far it has come."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches, train_batches, training_plan
from facealign.data.ordering.order import steps_per_epoch
from facealign.data.shards.reader import ShardReader
from facealign.metrics import Total, nme
from facealign.training.checkpoint import Faces, build_method, load_checkpoint, save_checkpoint
from facealign.training.config import TrainJob
from facealign.training.evaluate import predict
from facealign.training.events import UNMEASURED, Events
from facealign.training.optimizer import autocast_dtype, build_optimizer, lr_factor, set_lr
from facealign.training.progress import EpochRecord, Progress
from facealign.training.world import World


class Run:
    """What the loop moves forward. Every process of the world holds one; only ``progress`` is common to all.

    Raises:
        UserError: See ``fit``.
    """

    def __init__(self, job: TrainJob, world: World, events: Events, resume_from: Path | None) -> None:
        self.job, self.world, self.events = job, world, events
        reader = ShardReader(job.shards, "train")
        if reader.index.digest != job.data_digest:
            raise UserError(
                f"{job.shards}: content {reader.index.digest[:12]}, but the job was made for "
                f"{job.data_digest[:12]}; prepare the shards again, or start the training anew"
            )
        self.faces = Faces(crop=reader.index.crop, landmarks=reader.index.landmarks)
        self.validation_faces = FaceDataset(ShardReader(job.shards, "val"))
        self.plan = training_plan(reader, job.train.sampling)
        self.steps_per_epoch = steps_per_epoch(self.plan.length, job.train.batch_size)

        method = build_method(job, self.faces)
        self.training_faces = FaceDataset(reader, job.train.augment, job.seed, method.views)
        if resume_from is None:
            method.load_pretrained()
            if method.needs_statistics:
                method.use_statistics(reader.statistics())
        method = method.to(world.device)
        self.method = method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = build_optimizer(self.method.parameters(), job.train.optimizer)
        self.dtype = autocast_dtype(job.train.precision, world.device)
        self.progress = Progress()
        if resume_from is not None:
            self.progress = load_checkpoint(resume_from, self.method, self.optimizer, job)
        self.network = world.wrap(self.method)
        self._since_log = _Meter(world.device)

    def batches(self) -> Iterator[Batch]:
        """The rest of the epoch under way, this process's share of each global batch."""
        config = self.job.train
        for batch in train_batches(
            self.training_faces,
            plan=self.plan,
            epoch=self.progress.epoch,
            start_step=self.progress.step,
            rank=self.world.rank,
            world_size=self.world.size,
            global_batch=config.batch_size,
            workers=config.loader_workers,
            pin_memory=self.world.device.type == "cuda",
        ):
            yield batch.to(self.world.device)

    def learn(self, batch: Batch) -> None:
        """One step of the optimiser."""
        config = self.job.train
        epochs_done = self.progress.epoch + self.progress.step / self.steps_per_epoch
        set_lr(self.optimizer, config.optimizer.lr * lr_factor(config.schedule, epochs_done, config.epochs))
        images = self.method.inputs(batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.world.device.type, self.dtype, enabled=self.dtype is not None):
            outputs = self.network(images)
            terms = self.method.loss(outputs, batch)
        self.optimizer.zero_grad(set_to_none=True)
        terms.total.backward()
        if config.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.method.parameters(), config.clip_norm)
        self.optimizer.step()
        self._since_log.add(terms.total, terms.parts, len(batch))
        self.progress = self.progress.model_copy(update={"step": self.progress.step + 1})

    def at_log_point(self) -> bool:
        """Every ``log_every`` steps, and at the epoch's last: where the processes talk to each other."""
        step = self.progress.step
        return step % self.job.train.log_every == 0 or step == self.steps_per_epoch

    def log_and_agree_to_stop(self) -> bool:
        """Report the steps since the last log; True if any process was asked to stop.

        One exchange serves both, so that all stop at the same step.

        Raises:
            UserError: The loss is not finite.
        """
        meter, self._since_log = self._since_log, _Meter(self.world.device)
        names, values = meter.totals()
        images, stop, *sums = self.world.sum([meter.images, float(self.events.stop_requested()), *values])
        steps = meter.steps * self.world.size
        means = {name: total / steps for name, total in zip(names, sums, strict=True)}
        loss = means["train/loss"]
        if not torch.isfinite(torch.tensor(loss)):
            raise UserError(
                f"epoch {self.progress.epoch + 1}, step {self.progress.step}: the loss is {loss}; the last "
                "checkpoint is kept. Lower optimizer.lr, or set clip_norm or precision: fp32"
            )
        self.progress = self.progress.model_copy(update={"loss_sum": self.progress.loss_sum + loss * meter.steps})
        rate = images / (time.perf_counter() - meter.started)
        if self.world.is_main:
            lr = self.optimizer.param_groups[0]["lr"]
            self.events.log({**means, "train/lr": lr, "train/images_per_second": rate}, self._global_step)
        return stop > 0

    def validate(self) -> float:
        """Mean NME over the validation fold, each face counted once, as a fraction of the normaliser."""
        self.world.share_buffers(self.method)
        batches = eval_batches(
            self.validation_faces,
            batch_size=self.job.train.validation_batch,
            rank=self.world.rank,
            world_size=self.world.size,
        )
        found = predict(self.method, batches, self.world.device, self.dtype)
        errors = nme(
            found.predicted,
            found.truth,
            found.valid,
            self.method.schema,
            self.job.train.normaliser,
            found.ids,
        )
        own = Total.of(errors)
        total, faces = self.world.sum([own.sum, own.count])
        return Total(total, round(faces)).mean

    def finish_epoch(self, started: float, images: int) -> None:
        """Measure, and turn the page."""
        seconds = time.perf_counter() - started
        record = EpochRecord(
            epoch=self.progress.epoch + 1,
            loss=self.progress.loss_sum / self.steps_per_epoch,
            validation_nme=self.validate(),
            lr=self.optimizer.param_groups[0]["lr"],
            images_per_second=images / seconds,
            seconds=seconds,
        )
        self.progress = Progress(epoch=record.epoch, history=(*self.progress.history, record))
        if self.world.is_main:
            self.events.epoch(self.progress, self._global_step)

    def save(self) -> None:
        """Offer a checkpoint of this moment."""
        mid_epoch = self.progress.step > 0
        score = UNMEASURED if mid_epoch else self.progress.history[-1].validation_nme
        if not self.world.is_main:
            self.events.checkpoint(None, score)
            return
        with tempfile.TemporaryDirectory(prefix="facealign-checkpoint-") as folder:
            save_checkpoint(Path(folder), self.method, self.optimizer, self.progress, self.job, self.faces)
            self.events.checkpoint(Path(folder), score)

    @property
    def _global_step(self) -> int:
        return self.progress.epoch * self.steps_per_epoch + self.progress.step


class _Meter:
    """Sums over the steps since the last log, kept on the device so that no step waits for them."""

    def __init__(self, device: torch.device) -> None:
        self.steps = 0
        self.images = 0
        self.started = time.perf_counter()
        self._device = device
        self._sums: dict[str, Tensor] = {}

    def add(self, total: Tensor, parts: dict[str, Tensor], images: int) -> None:
        self.steps += 1
        self.images += images
        for name, value in {"loss": total, **parts}.items():
            key = f"train/{name}"
            self._sums[key] = self._sums.get(key, torch.zeros((), device=self._device)) + value.detach()

    def totals(self) -> tuple[list[str], list[float]]:
        """Names and sums, by one transfer from the device."""
        return list(self._sums), torch.stack(list(self._sums.values())).tolist()
