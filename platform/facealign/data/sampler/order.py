"""Which sample is seen when: a pure function of (seed, epoch, position).

An epoch is a permutation of the n samples of its plan; position p is the p-th of it. Step s of a global batch of G
samples takes positions s·G … (s + 1)·G − 1, and rank r of W the r-th of W contiguous slices of them, whose sizes
differ by one at most. So the ranks together see the same samples in the same order however many they are, and a
step number is all that a checkpoint must keep. The last n mod G positions of an epoch are dropped.

Everything comes from the raw stream of the counter-based generator Philox (Salmon et al., SC 2011), which NumPy
guarantees never to change, as it does not for its permutations.
"""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.sampler.balance import EpochPlan, PoseGroup

_ORDER, _SAMPLE, _BALANCE, _NETWORK = 0, 1, 2, 3
"""Streams of one key that must not meet."""


def rows_of_epoch(seed: int, epoch: int, plan: EpochPlan) -> NDArray[np.int64]:
    """(n,) row number at each position of the epoch; balanced epochs leave rows out or repeat them."""
    drawn_in = epoch if plan.redraws else 0
    rows = np.concatenate([_draw(seed, drawn_in, number, group) for number, group in enumerate(plan.groups)])
    return np.asarray(rows[permutation(seed, epoch, plan.length)])


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """(n,) numbers 0…n − 1 in the order of the epoch."""
    return _shuffled(n, seed, epoch, 0, _ORDER)


def sample_rng(seed: int, epoch: int, position: int) -> np.random.Generator:
    """The random numbers that augment one sample of one epoch, whichever process draws them."""
    return np.random.Generator(np.random.Philox(key=_key(seed, epoch), counter=[0, 0, position, _SAMPLE]))


def network_seed(seed: int, epoch: int, position: int) -> int:
    """Return the seed of the network's random numbers (dropout) for the faces from ``position`` on: 0…2⁶⁴ − 1."""
    stream = np.random.Philox(key=_key(seed, epoch), counter=[0, 0, position, _NETWORK])
    return int(stream.random_raw())


def steps_per_epoch(n: int, global_batch: int) -> int:
    """Full batches in an epoch of n samples.

    Raises:
        UserError: The epoch is smaller than one batch.
    """
    if n < global_batch:
        raise UserError(
            f"an epoch of {n} samples is smaller than one batch of {global_batch}; lower the batch size, add "
            "training faces, or, where sampling.balance is undersample, raise sampling.smallest_bin"
        )
    return n // global_batch


def rank_slice(n: int, number: int, count: int) -> range:
    """The ``number``-th of ``count`` contiguous slices of 0…n − 1, which cover it without overlap.

    Sizes differ by one at most; where ``count`` divides n they are equal.
    """
    return range(n * number // count, n * (number + 1) // count)


def positions(step: int, global_batch: int, rank: int, world_size: int) -> range:
    """The positions that ``rank`` of ``world_size`` takes in ``step`` of an epoch.

    Raises:
        UserError: There are fewer samples than ranks.
    """
    if global_batch < world_size:
        raise UserError(
            f"a batch of {global_batch} samples leaves some of {world_size} workers without any; "
            f"use at most {global_batch} workers, or a batch of at least {world_size}"
        )
    own = rank_slice(global_batch, rank, world_size)
    first = step * global_batch
    return range(first + own.start, first + own.stop)


def micro_batches_per_step(global_batch: int, world_size: int, most: int | None) -> int:
    """Compute the number of micro-batches of a rank's local batch, so that none has more than ``most`` samples.

    The number is the same for all ranks: layers that exchange their statistics synchronize once a micro-batch.

    Raises:
        UserError: A rank's local batch has fewer samples than micro-batches.
    """
    largest = -(-global_batch // world_size)
    count = 1 if most is None else -(-largest // most)
    if global_batch // world_size < count:
        raise UserError(
            f"a batch of {global_batch} samples gives {world_size} workers {largest - 1} or {largest} each, which "
            f"cannot be split into equally many micro-batches of {most}; set per_device_batch: 2, or make the "
            f"batch a multiple of {world_size}"
        )
    return count


def _draw(seed: int, epoch: int, number: int, group: PoseGroup) -> NDArray[np.int64]:
    """(take,) rows of one group, equally often but for the few drawn once more."""
    times, few = divmod(group.take, len(group.rows))
    if not few:
        return np.tile(group.rows, times)
    drawn = _shuffled(len(group.rows), seed, epoch, number, _BALANCE)[:few]
    return np.concatenate([np.tile(group.rows, times), group.rows[drawn]])


def _shuffled(n: int, seed: int, epoch: int, number: int, stream: int) -> NDArray[np.int64]:
    keys = np.random.Philox(key=_key(seed, epoch), counter=[0, 0, number, stream]).random_raw(n)
    return np.argsort(keys, kind="stable")


def _key(seed: int, epoch: int) -> NDArray[np.uint64]:
    return np.array([seed, epoch], dtype=np.uint64)
