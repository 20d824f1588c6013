"""Batches in order: for training from any step on, for evaluation each sample once.

Loading processes change nothing but the speed. Each holds two batches at most that have not been asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from torch.utils.data import DataLoader

from facealign.config import UserError
from facealign.data.batch import Batch
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.sampler import order
from facealign.data.sampler.balance import EpochPlan, plan_epoch
from facealign.data.sampler.sampling import SamplingSettings
from facealign.data.shards.reader import ShardReader

_BATCHES_AHEAD = 2


def training_plan(reader: ShardReader, settings: SamplingSettings) -> EpochPlan:
    """Plan the epochs over the training fold.

    Raises:
        UserError: Balancing needs the pose bins, and the prepared data have no statistics.
    """
    return plan_epoch(settings, len(reader), lambda: reader.statistics().pose.bins)


def train_batches(
    dataset: FaceDataset,
    *,
    epoch: int,
    global_batch: int,
    plan: EpochPlan | None = None,
    start_step: int = 0,
    rank: int = 0,
    world_size: int = 1,
    workers: int = 0,
    pin_memory: bool = False,
) -> Iterator[Batch]:
    """Iterate over this rank's batches of one epoch, from ``start_step`` to its end.

    Args:
        dataset: The training fold.
        epoch: Counted from 0; each has an order and views of its own.
        global_batch: Samples of all ranks together in one step.
        plan: What the epoch consists of; None: every face once.
        start_step: Steps of this epoch already taken.
        rank: Of this process, 0…world_size − 1.
        world_size: Processes that share the batch.
        workers: Processes that decode and augment for this rank; 0 does it in this one.
        pin_memory: Put batches where a GPU can fetch them by itself.

    Raises:
        UserError: The epoch is smaller than a batch, or the batch than the world; while iterating: a face cannot
            be read, or a loading process died.
    """
    plan = plan or training_plan(dataset.reader, SamplingSettings())
    steps = range(start_step, order.steps_per_epoch(plan.length, global_batch))
    rows = order.rows_of_epoch(dataset.seed, epoch, plan)
    shares = [order.positions(step, global_batch, rank, world_size) for step in steps]
    draws = ([Draw(int(rows[p]), epoch, p) for p in share] for share in shares)
    return _batches(dataset, draws, workers, pin_memory)


def eval_batches(
    dataset: FaceDataset,
    *,
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    workers: int = 0,
    pin_memory: bool = False,
) -> Iterator[Batch]:
    """Iterate over this rank's slice of a fold's plain views, in row order; together the ranks see each face once.

    The batches are the same however many ranks share them, because a network may round a sample's outputs
    differently in another company. Nothing is repeated to fill up: the last batch may be smaller, and numbers of
    batches differ by one at most.

    Args:
        dataset: The fold; its augmentation is left out.
        batch_size: Samples in one batch.
        rank: Of this process, 0…world_size − 1.
        world_size: Processes that share the fold.
        workers: Processes that decode for this rank; 0 does it in this one.
        pin_memory: Put batches where a GPU can fetch them by itself.
    """
    starts = range(0, len(dataset), batch_size)
    own = order.rank_slice(len(starts), rank, world_size)
    draws = (
        [Draw(row, 0, row) for row in range(a, min(a + batch_size, len(dataset)))]
        for a in starts[own.start : own.stop]
    )
    return _batches(dataset.plain(), draws, workers, pin_memory)


def _batches(dataset: FaceDataset, draws: Iterable[list[Draw]], workers: int, pin_memory: bool) -> Iterator[Batch]:
    context = get_context("forkserver") if workers else None
    if context is not None:
        # The libraries are imported once in the server, not by every process of every epoch.
        context.set_forkserver_preload(["facealign.data.loader"])
    loader: DataLoader[Any] = DataLoader(
        _Batches(dataset),  # type: ignore[arg-type]  # map-style by its shape, not by inheritance
        batch_sampler=draws,
        num_workers=workers,
        prefetch_factor=_BATCHES_AHEAD if workers else None,
        collate_fn=_as_it_is,
        pin_memory=pin_memory,
        # Not fork: a worker would inherit the locks of threads that it does not have.
        multiprocessing_context=context,
    )
    return raise_user_errors(iter(loader), workers)


@dataclass(frozen=True)
class LoadError:
    """A user error in place of a batch; an exception would arrive wrapped in a traceback."""

    message: str

    def pin_memory(self) -> "LoadError":
        """Return the error as it is: the loader pins whatever it gets."""
        return self


@dataclass(frozen=True)
class _Batches:
    """The data set by whole batches, with user errors as values."""

    dataset: FaceDataset

    def __getitems__(self, draws: list[Draw]) -> Batch | LoadError:
        views = []
        for draw in draws:
            try:
                views.append(self.dataset[draw])
            except UserError as error:
                reader = self.dataset.reader
                return LoadError(f"{reader.folder}: fold {reader.fold}, row {draw.row}: {error}")
        return collate(views)


def _as_it_is(batch: Any) -> Any:
    """The data set has collated already."""
    return batch


def raise_user_errors(batches: Iterator[Batch | LoadError], workers: int) -> Iterator[Batch]:
    """Yield batches; raise the user errors among them."""
    try:
        for batch in batches:
            if isinstance(batch, LoadError):
                raise UserError(batch.message)
            yield batch
    except RuntimeError as error:
        # Its message is all by which the library tells a worker that is gone from an error within one.
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        raise UserError(
            f"one of {workers} loading processes died ({error}); what it said is above. If it said nothing, it "
            "was killed, for want of memory as a rule: lower loader_workers or the batch size"
        ) from None
