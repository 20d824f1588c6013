"""Batches in order: for training from any step on, for evaluation each sample once."""

from collections.abc import Iterable, Iterator
from multiprocessing import get_context

from torch.utils.data import DataLoader

from facealign.data import order
from facealign.data.batch import Batch
from facealign.data.dataset import Draw, FaceDataset, collate


def train_batches(
    dataset: FaceDataset,
    *,
    epoch: int,
    global_batch: int,
    start_step: int = 0,
    rank: int = 0,
    world_size: int = 1,
    workers: int = 0,
    pin_memory: bool = False,
) -> Iterator[Batch]:
    """This rank's batches of one epoch, from ``start_step`` to its end.

    Args:
        dataset: The training fold.
        epoch: Counted from 0; each has an order and views of its own.
        global_batch: Samples of all ranks together in one step.
        start_step: Steps of this epoch already taken.
        rank: Of this process, 0…world_size − 1.
        world_size: Processes that share the batch.
        workers: Processes that decode and augment for this rank; 0 does it in this one.
        pin_memory: Put batches where a GPU can fetch them by itself.

    Raises:
        UserError: The fold is smaller than a batch, or the batch is not a multiple of the world size.
    """
    steps = range(start_step, order.steps_per_epoch(len(dataset), global_batch))
    rows = order.permutation(dataset.seed, epoch, len(dataset))
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
    """This rank's share of the plain views of a fold, in row order; the ranks together see each sample once.

    Nothing is repeated to fill up: the last batch may be smaller, and ranks may have different numbers of batches.

    Args:
        dataset: The fold; its augmentation is left out.
        batch_size: Samples of this rank in one batch.
        rank: Of this process, 0…world_size − 1.
        world_size: Processes that share the fold.
        workers: Processes that decode for this rank; 0 does it in this one.
        pin_memory: Put batches where a GPU can fetch them by itself.
    """
    rows = order.rows_of_rank(len(dataset), rank, world_size)
    starts = range(rows.start, rows.stop, batch_size)
    draws = ([Draw(row, 0, row) for row in range(a, min(a + batch_size, rows.stop))] for a in starts)
    return _batches(dataset.plain(), draws, workers, pin_memory)


def _batches(dataset: FaceDataset, draws: Iterable[list[Draw]], workers: int, pin_memory: bool) -> Iterator[Batch]:
    context = get_context("forkserver") if workers else None
    if context is not None:
        # The libraries are imported once in the server, not by every process of every epoch.
        context.set_forkserver_preload(["facealign.data.loader"])
    return iter(
        DataLoader(
            dataset,  # type: ignore[arg-type]  # map-style by its shape, not by inheritance
            batch_sampler=draws,
            num_workers=workers,
            collate_fn=collate,
            pin_memory=pin_memory,
            # Not fork: a worker would inherit the locks of threads that it does not have.
            multiprocessing_context=context,
        )
    )
