"""The faces of a training: those that it learns from, those that steer it, and their order."""

from collections.abc import Iterator

import numpy as np

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches, train_batches, training_plan
from facealign.data.sampler.order import steps_per_epoch
from facealign.data.shards.reader import ShardReader
from facealign.geometry import Normalizer
from facealign.methods import Method
from facealign.metrics import nme
from facealign.training.checkpoint import InputSpec
from facealign.training.config import TrainJob
from facealign.training.world import World


class TrainingData:
    """The folds ``train`` and ``val`` of a job's shards, shared among the processes of a world.

    Attributes:
        input_spec: How they were cut, and their landmarks.
        steps: Of one epoch.

    Raises:
        UserError: The shards are not those of the job, an epoch is smaller than a batch, or the validation faces
            cannot be measured by the job's normalizer.
    """

    def __init__(self, job: TrainJob, world: World) -> None:
        self._job, self._world = job, world
        self._reader = ShardReader(job.shards, "train")
        index = self._reader.index
        if index.digest != job.data_digest:
            raise UserError(
                f"{job.shards}: content {index.digest[:12]}, but the job was made for {job.data_digest[:12]}; "
                "prepare the shards again, or start the training anew"
            )
        self.input_spec = InputSpec(crop=index.crop, landmarks=index.landmarks)
        self.plan = training_plan(self._reader, job.train.sampling)
        self.steps = steps_per_epoch(self.plan.length, job.train.batch_size)
        validation = ShardReader(job.shards, "val")
        _require_measurable(validation, job.train.normalizer)
        self._validation = FaceDataset(validation)

    def initialize(self, method: Method) -> None:
        """Give a method what a training from scratch begins with.

        Raises:
            UserError: A file of weights is missing or does not fit.
        """
        method.load_pretrained()
        if method.needs_statistics:
            method.use_statistics(self._reader.statistics())

    def local_batches(self, method: Method, epoch: int, start_step: int) -> Iterator[Batch]:
        """Iterate over this process's local batches of an epoch, from a step on, in the method's views."""
        job = self._job
        return train_batches(
            FaceDataset(self._reader, job.train.augment, job.seed, method.views),
            plan=self.plan,
            epoch=epoch,
            start_step=start_step,
            rank=self._world.rank,
            world_size=self._world.size,
            global_batch=job.train.batch_size,
            workers=job.train.loader_workers,
            pin_memory=self._world.device.type == "cuda",
        )

    def validation(self) -> Iterator[Batch]:
        """Iterate over this process's slice of the validation fold; together the processes see each face once."""
        config = self._job.train
        return eval_batches(
            self._validation,
            batch_size=config.validation_batch,
            rank=self._world.rank,
            world_size=self._world.size,
            workers=config.loader_workers,
            pin_memory=self._world.device.type == "cuda",
        )


def _require_measurable(validation: ShardReader, normalizer: Normalizer) -> None:
    """Measure the truth by itself: what would fail after the first epoch fails before it."""
    points, valid = (np.concatenate(parts) for parts in zip(*validation.landmarks(), strict=True))
    ids = [labels.id for labels in validation.labels()]
    try:
        nme(points.astype(float), points.astype(float), valid, validation.index.landmarks, normalizer, ids)
    except UserError as error:
        raise UserError(f"train.normalizer: {normalizer}: in {validation.folder}, fold val, {error}") from None
