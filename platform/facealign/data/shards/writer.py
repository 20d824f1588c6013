"""Rows → Arrow IPC files named by their content, and the index that makes them a data set.

A prepared set stays whole while another is written over it: new shards have new names, the index is replaced in
one step, and only then do the old shards go.
"""

import hashlib
from typing import Any

import pyarrow as pa

from facealign.config import UserError
from facealign.data.folds import Fold
from facealign.data.shards.index import INDEX_FILE, Index, Shard
from facealign.storage.atomic import TEMPORARY
from facealign.storage.store import Store

SHARD_SUFFIX = ".arrow"
KEYS_SUFFIX = ".keys"
"""Ends the name of a file that tells whether the one beside it need not be prepared again."""
STATISTICS = "statistics", ".safetensors"
"""How the name of the statistics begins and ends."""


def write_shard(store: Store, fold: Fold, batch: pa.RecordBatch) -> Shard:
    """Write rows, at least one, as one shard; a whole one that is there already is left alone.

    Args:
        fold: Starts the name of the file.
        batch: The rows, sorted by id, for the same input to give the same bytes.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    name, sha256, size = write_named(store, fold, SHARD_SUFFIX, sink.getvalue())
    ids = batch.column("id")
    return Shard(
        file=name,
        rows=batch.num_rows,
        bytes=size,
        sha256=sha256,
        first=ids[0].as_py(),
        last=ids[-1].as_py(),
    )


def write_named(store: Store, prefix: str, suffix: str, data: Any) -> tuple[str, str, int]:
    """Write bytes under a name made of their digest; returns name, SHA-256, length."""
    view = memoryview(data)
    sha256 = hashlib.sha256(view).hexdigest()
    name = f"{prefix}-{sha256[:16]}{suffix}"
    if store.size(name) != view.nbytes or store.digest(name) != sha256:
        store.write(name, view)
    return name, sha256, view.nbytes


def publish(store: Store, index: Index) -> None:
    """Make ``index`` the contents of a place, then remove the files that it does not name.

    Raises:
        UserError: A file it names is gone: another process has prepared data there at the same time.
    """
    present = store.names()
    missing = sorted(index.files().keys() - set(present))
    if missing:
        raise UserError(
            f"{store.at(missing[0])}: was removed while the data were being prepared, by another preparation for "
            "one; let only one write there, and prepare again"
        )
    store.write(INDEX_FILE, index.to_bytes())
    for name in present:
        if is_ours(name) and name.removesuffix(KEYS_SUFFIX) not in index.files():
            store.remove(name)


def is_ours(name: str) -> bool:
    """Whether a file is one that only an index can give a meaning to."""
    about = name.removesuffix(KEYS_SUFFIX)
    is_statistics = about.startswith(STATISTICS[0]) and about.endswith(STATISTICS[1])
    return name.startswith(TEMPORARY) or about.endswith(SHARD_SUFFIX) or is_statistics
