"""Faces → Arrow IPC files named by their content, and the index that makes them a data set.

Where one shard ends is decided by its rows alone (content-defined chunking, as in LBFS, Muthitacharoen et al.,
SOSP 2001): a face that is added, removed or changed rewrites the shard it is in, rarely the next, and no other.
A prepared set stays whole while another is written over it: new shards have new names, the index is replaced in
one step, and only then do the old shards go.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from facealign.config import digest_file
from facealign.data.folds import Fold
from facealign.data.shards.atomic import TEMPORARY, write_atomically
from facealign.data.shards.index import INDEX_FILE, Index, Shard
from facealign.data.shards.row import StoredFace, to_batch

_SUFFIX = ".arrow"


def write_fold(folder: Path, fold: Fold, faces: Iterable[StoredFace], target_bytes: float) -> tuple[Shard, ...]:
    """Write the faces of one fold, in their order; at most two shards' worth of them is in memory.

    Args:
        folder: Where the files go; it exists.
        fold: Starts the names of the files.
        faces: Sorted by id, for the same input to give the same bytes.
        target_bytes: What a shard comes to on average.
    """
    return tuple(_write_shard(folder, fold, part) for part in cut(faces, target_bytes))


def publish(folder: Path, index: Index) -> None:
    """Make ``index`` the contents of ``folder``, then remove the shards it does not name."""
    write_atomically(folder / INDEX_FILE, index.model_dump_json(indent=2).encode())
    named = {shard.file for shards in index.folds.values() for shard in shards}
    for path in folder.iterdir():
        if path.name.startswith(TEMPORARY) or (path.suffix == _SUFFIX and path.name not in named):
            path.unlink()


def cut(faces: Iterable[StoredFace], target_bytes: float) -> Iterator[list[StoredFace]]:
    """Faces in runs of about ``target_bytes``, never below half (but the last) nor much above twice that."""
    part: list[StoredFace] = []
    total = 0
    for face in faces:
        part.append(face)
        total += face.encoded.nbytes
        if total >= target_bytes / 2 and (total >= 2 * target_bytes or _ends_here(face, target_bytes / 2)):
            yield part
            part, total = [], 0
    if part:
        yield part


def _ends_here(face: StoredFace, mean_bytes: float) -> bool:
    """True once in ``mean_bytes`` on average, by a draw that depends on this face alone."""
    draw = int.from_bytes(hashlib.sha256(face.labels.id.encode()).digest()[:8], "big") / 2.0**64
    return draw < face.encoded.nbytes / mean_bytes


def _write_shard(folder: Path, fold: Fold, faces: list[StoredFace]) -> Shard:
    batch = to_batch(faces)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data = sink.getvalue().to_pybytes()
    sha = hashlib.sha256(data).hexdigest()
    path = folder / f"{fold}-{sha[:16]}{_SUFFIX}"
    if not (path.is_file() and digest_file(path) == sha):
        write_atomically(path, data)
    return Shard(file=path.name, rows=len(faces), bytes=len(data), sha256=sha)
