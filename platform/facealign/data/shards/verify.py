"""Is prepared data what its index says, to the last bit?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from facealign.config import digest_file
from facealign.data.shards.atomic import TEMPORARY
from facealign.data.shards.index import Index, Shard


@dataclass(frozen=True)
class Problem:
    """A file of the folder, and what is wrong with it."""

    file: str
    reason: str


def verify(folder: Path) -> list[Problem]:
    """Read every byte of the prepared data in ``folder``; an empty list means it is whole.

    Raises:
        UserError: There is no readable index.
    """
    index = Index.load(folder)
    shards = {shard.file: shard for part in index.folds.values() for shard in part}
    problems = [problem for shard in shards.values() for problem in _check(folder, shard)]
    for path in sorted(folder.iterdir()):
        if path.name.startswith(TEMPORARY):
            problems.append(Problem(path.name, "left by a writer that was cut short; remove it"))
        elif path.suffix == ".arrow" and path.name not in shards:
            problems.append(Problem(path.name, "the index does not name it; remove it or prepare the data again"))
    return problems


def _check(folder: Path, shard: Shard) -> Iterator[Problem]:
    path = folder / shard.file
    if not path.is_file():
        yield Problem(shard.file, "is missing; prepare the data again")
        return
    found = path.stat().st_size
    if found != shard.bytes:
        yield Problem(shard.file, f"has {found} bytes, the index says {shard.bytes}; prepare the data again")
    elif (sha := digest_file(path)) != shard.sha256:
        yield Problem(shard.file, f"has SHA-256 {sha}, the index says {shard.sha256}; prepare the data again")
    elif (rows := pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0).num_rows) != shard.rows:
        yield Problem(shard.file, f"has {rows} rows, the index says {shard.rows}; prepare the data again")
