"""Statistics of the training fold, computed once when it is prepared and kept beside its shards."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.preparing.cache_keys import StatisticsKeys, read_statistics_keys, write_keys
from facealign.data.preparing.provenance import code_digest
from facealign.data.shards.columns import read_landmarks
from facealign.data.shards.index import Index, StatisticsNote
from facealign.data.shards.writer import STATISTICS, write_named
from facealign.data.statistics import Statistics
from facealign.geometry import affine, view_of_stored
from facealign.storage.local import Folder
from facealign.storage.store import Store

_BYTES_PER_LANDMARK = 9
_HELD_BYTES = 256 << 20

_Chunk = tuple[NDArray[np.float32], NDArray[np.bool_]]


def with_statistics(store: Store, index: Index, before: Index | None) -> Index:
    """The index with a note of its training fold's statistics, which are written; or with the reason for none.

    Args:
        store: Where the shards lie.
        index: Names them.
        before: What was prepared there earlier: statistics of the same shards are kept.
    """
    if before is not None and _are_still_right(store, index, before):
        return index.model_copy(update={"statistics": before.statistics})
    if not index.rows("train"):
        return index.model_copy(update={"no_statistics": "the data set has no training faces"})

    def chunks() -> Iterator[_Chunk]:
        return iter(held) if held is not None else _chunks(store, index)

    # Statistics take several passes. A bucket is asked once; so is a folder, where memory is no question.
    is_small = index.rows("train") * index.landmarks.size * _BYTES_PER_LANDMARK <= _HELD_BYTES
    held = None if isinstance(store, Folder) and not is_small else list(_chunks(store, index))
    try:
        statistics = Statistics.of(chunks, index.landmarks)
    except UserError as error:
        return index.model_copy(update={"no_statistics": str(error)})
    name, sha256, size = write_named(store, *STATISTICS, statistics.to_bytes())
    note = StatisticsNote(file=name, bytes=size, sha256=sha256)
    write_keys(store, name, StatisticsKeys(code=_code()))
    return index.model_copy(update={"statistics": note})


def _are_still_right(store: Store, index: Index, before: Index) -> bool:
    note = before.statistics
    if note is None or store.size(note.file) != note.bytes:
        return False
    if read_statistics_keys(store, note.file) != StatisticsKeys(code=_code()):
        return False
    now, then = ((one.folds["train"], one.crop, one.landmarks) for one in (index, before))
    return now == then


def _code() -> str:
    return code_digest("facealign.data.statistics")


def _chunks(store: Store, index: Index) -> Iterator[_Chunk]:
    """Landmarks in pixels of the plain view, and whether each is known, shard by shard."""
    to_view = view_of_stored(index.crop)
    for shard in index.folds["train"]:
        with store.open(shard.file) as file:
            points_RN2, valid_RN = read_landmarks(file, index.landmarks.size)
            yield affine.apply(to_view, points_RN2).astype(np.float32), valid_RN
