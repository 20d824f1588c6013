"""Which sample is seen when: a pure function of (seed, epoch, position).

An epoch is a permutation of the n samples; position p is the p-th of it. Step s of a global batch of G samples
takes positions s·G … (s + 1)·G − 1, and rank r of W the r-th of W equal, contiguous pieces of them. So the ranks
together see the same samples in the same order however many they are, and a step number is all that a checkpoint
must keep. The last n mod G positions of an epoch are dropped.

Everything comes from the raw stream of the counter-based generator Philox (Salmon et al., SC 2011), which NumPy
guarantees never to change, as it does not for its permutations.
"""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError

_ORDER, _SAMPLE = 0, 1
"""Streams of one key that must not meet."""


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """(n,) row numbers in the order of the epoch."""
    keys = np.random.Philox(key=_key(seed, epoch), counter=[0, 0, 0, _ORDER]).random_raw(n)
    return np.argsort(keys, kind="stable")


def sample_rng(seed: int, epoch: int, position: int) -> np.random.Generator:
    """The random numbers that augment one sample of one epoch, whichever process draws them."""
    return np.random.Generator(np.random.Philox(key=_key(seed, epoch), counter=[0, 0, position, _SAMPLE]))


def steps_per_epoch(n: int, global_batch: int) -> int:
    """Full batches in an epoch.

    Raises:
        UserError: The fold is smaller than one batch.
    """
    if n < global_batch:
        raise UserError(f"a fold of {n} samples is smaller than one batch of {global_batch}; lower the batch size")
    return n // global_batch


def positions(step: int, global_batch: int, rank: int, world_size: int) -> range:
    """The positions that ``rank`` of ``world_size`` takes in ``step`` of an epoch.

    Raises:
        UserError: The batch cannot be shared out equally.
    """
    if global_batch % world_size:
        raise UserError(
            f"a batch of {global_batch} samples cannot be shared equally by {world_size} workers; "
            f"make the batch size a multiple of {world_size}"
        )
    share = global_batch // world_size
    first = step * global_batch + rank * share
    return range(first, first + share)


def rows_of_rank(n: int, rank: int, world_size: int) -> range:
    """The rows that ``rank`` evaluates: contiguous, no row twice, none left out, shares differ by one at most."""
    return range(n * rank // world_size, n * (rank + 1) // world_size)


def _key(seed: int, epoch: int) -> NDArray[np.uint64]:
    return np.array([seed, epoch], dtype=np.uint64)
