"""Which sample is seen when: a pure function of (seed, epoch, position).

An epoch is a permutation of the n samples of its plan; position p is the p-th of it. Step s of a global batch of G
samples takes positions s·G … (s + 1)·G − 1, and rank r of W the r-th of W equal, contiguous pieces of them. So the
ranks together see the same samples in the same order however many they are, and a step number is all that a
checkpoint must keep. The last n mod G positions of an epoch are dropped.

Everything comes from the raw stream of the counter-based generator Philox (Salmon et al., SC 2011), which NumPy
guarantees never to change, as it does not for its permutations.
"""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.ordering.balance import EpochPlan, Group

_ORDER, _SAMPLE, _BALANCE = 0, 1, 2
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


def require_equal_shares(global_batch: int, world_size: int) -> None:
    """Refuse a batch that ``world_size`` ranks cannot share equally.

    Raises:
        UserError: It is not a multiple of the world size.
    """
    if global_batch % world_size:
        raise UserError(
            f"a batch of {global_batch} samples cannot be shared equally by {world_size} workers; "
            f"make the batch size a multiple of {world_size}"
        )


def positions(step: int, global_batch: int, rank: int, world_size: int) -> range:
    """The positions that ``rank`` of ``world_size`` takes in ``step`` of an epoch.

    Raises:
        UserError: The batch cannot be shared out equally.
    """
    require_equal_shares(global_batch, world_size)
    share = global_batch // world_size
    first = step * global_batch + rank * share
    return range(first, first + share)


def rows_of_rank(n: int, rank: int, world_size: int) -> range:
    """The rows that ``rank`` evaluates: contiguous, no row twice, none left out, shares differ by one at most."""
    return range(n * rank // world_size, n * (rank + 1) // world_size)


def _draw(seed: int, epoch: int, number: int, group: Group) -> NDArray[np.int64]:
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
