"""Verifies that prepared data is what its index says, to the last bit."""

from collections.abc import Iterator
from dataclasses import dataclass

from facealign.data.shards.columns import read_strings
from facealign.data.shards.index import INDEX_FILE, DamagedIndex, Index, Shard, StatisticsNote
from facealign.data.shards.writer import KEYS_SUFFIX, is_ours
from facealign.storage.atomic import TEMPORARY
from facealign.storage.store import Place, Store
from facealign.storage.uris import open_store


@dataclass(frozen=True)
class ShardProblem:
    """A file, and what is wrong with it."""

    file: str
    reason: str


def verify(place: Place) -> list[ShardProblem]:
    """Read every byte of the prepared data at ``place``; an empty list means it is whole.

    Raises:
        UserError: There is no prepared data.
    """
    store = open_store(place)
    try:
        index = Index.load(store)
    except DamagedIndex as error:
        return [ShardProblem(INDEX_FILE, str(error).removeprefix(f"{store.at(INDEX_FILE)}: "))]
    problems = [problem for file in index.files().values() for problem in _check(store, file)]
    for name in store.names():
        if name.startswith(TEMPORARY):
            problems.append(ShardProblem(name, "left by a writer that was cut short; remove it"))
        elif is_ours(name) and name.removesuffix(KEYS_SUFFIX) not in index.files():
            problems.append(ShardProblem(name, "the index does not name it; remove it or prepare the data again"))
    return problems


def _check(store: Store, file: Shard | StatisticsNote) -> Iterator[ShardProblem]:
    found = store.size(file.file)
    if found is None:
        yield ShardProblem(file.file, "is missing; prepare the data again")
    elif found != file.bytes:
        yield ShardProblem(file.file, f"has {found} bytes, the index says {file.bytes}; prepare the data again")
    elif (sha := store.digest(file.file)) != file.sha256:
        yield ShardProblem(
            file.file, f"has SHA-256 {sha}, the index says {file.sha256}; remove it and prepare the data again"
        )
    elif isinstance(file, Shard):
        with store.open(file.file) as opened:
            rows = len(read_strings(opened, "id"))
        if rows != file.rows:
            yield ShardProblem(file.file, f"has {rows} rows, the index says {file.rows}; prepare the data again")
