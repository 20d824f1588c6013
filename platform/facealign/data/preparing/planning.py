"""Which samples make which shard, decided before one is read.

The end of a shard is drawn from the id of its last sample alone (content-defined chunking, as in LBFS,
Muthitacharoen et al., SOSP 2001, with ids for content). So a shard can be made by any worker, knowing nothing of
the others; a sample that is added or removed changes the shard it falls into, rarely the next, and no other; and
one whose files change, moves no border at all.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from facealign.data.folds import FOLDS, Fold, fold_of
from facealign.data.shards.index import Index, Shard
from facealign.data.sources.base import Sample

T = TypeVar("T")


@dataclass(frozen=True)
class ShardTask:
    """The making of one shard: a unit of work.

    Attributes:
        number: Place of the shard, counted through all folds.
        fold: Its fold.
        samples: Its faces, sorted by id.
        before: Shards prepared earlier that may hold some of them.
    """

    number: int
    fold: Fold
    samples: tuple[Sample, ...]
    before: tuple[Shard, ...]


def in_folds(samples: Iterable[Sample], validation: float, seed: int) -> dict[Fold, list[Sample]]:
    """Sort the samples into folds, by id within each."""
    folds: dict[Fold, list[Sample]] = {fold: [] for fold in FOLDS}
    for sample in samples:
        folds[fold_of(sample, validation, seed)].append(sample)
    return {fold: sorted(part, key=lambda sample: sample.id) for fold, part in folds.items()}


def shard_tasks(folds: dict[Fold, list[Sample]], mean_rows: float, before: Index | None) -> list[ShardTask]:
    """The folds cut into shards of ``mean_rows`` samples on average, and what was prepared of them before."""
    tasks: list[ShardTask] = []
    for fold, samples in folds.items():
        for run in runs(samples, mean_rows, lambda sample: sample.id):
            old = () if before is None else _overlapping(before, run[0].id, run[-1].id)
            tasks.append(ShardTask(len(tasks), fold, tuple(run), old))
    return tasks


def _overlapping(index: Index, first: str, last: str) -> tuple[Shard, ...]:
    """The shards, of any fold, since another seed moves faces, that may hold ids from ``first`` to ``last``."""
    found: list[Shard] = []
    for shards in index.folds.values():
        start = bisect_left(shards, first, key=lambda shard: shard.last)
        stop = bisect_right(shards, last, key=lambda shard: shard.first)
        found += shards[start:stop]
    return tuple(found)


def runs(items: Iterable[T], mean: float, id_of: Callable[[T], str]) -> Iterator[list[T]]:
    """Items in runs of ``mean`` on average, never fewer than half of that (but the last) nor more than twice."""
    least, most = max(mean / 2, 1.0), max(2 * mean, 1.0)
    run: list[T] = []
    for item in items:
        run.append(item)
        if len(run) >= least and (len(run) + 1 > most or _draw(id_of(item)) * (mean - least) < 1):
            yield run
            run = []
    if run:
        yield run


def _draw(name: str) -> float:
    """Uniform in 0…1, always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2.0**64
