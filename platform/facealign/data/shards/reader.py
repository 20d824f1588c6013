"""Random access to the faces of one fold, memory-mapped: no byte is read before it is asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.folds import Fold
from facealign.data.shards.index import Index, Shard
from facealign.data.shards.row import Labels, StoredFace, arrow_schema, fingerprint


class _Columns(NamedTuple):
    """One open shard of R rows: ``points`` (R, N, 2), ``valid`` and ``visible`` (R, N), ``to_photo`` (R, 2, 3).

    The arrays are views of the mapped file, but for the bits of ``valid`` and ``visible``, which are unpacked.
    """

    table: Any
    image_offsets: NDArray[np.int32]
    image_bytes: NDArray[np.uint8]
    points: NDArray[np.float32]
    valid: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    to_photo: NDArray[np.float64]


class ShardReader:
    """The faces of a fold by row number, 0…len − 1, counted through its shards.

    Shards are mapped at first use and never pickled, so a reader can be sent to DataLoader workers.

    Args:
        folder: Prepared data.
        fold: ``train``, ``val`` or ``test``.

    Raises:
        UserError: There is no such data, or it was written in another form.
    """

    def __init__(self, folder: Path, fold: Fold) -> None:
        self.folder = folder
        self.fold = fold
        self.index = Index.load(folder)
        self._size = self.index.landmarks.size
        if self.index.columns != fingerprint(arrow_schema(self._size)):
            raise UserError(f"{folder}: the columns are not those this version reads; prepare the data again")
        self._shards = self.index.folds[fold]
        self._starts = np.cumsum([0, *(shard.rows for shard in self._shards)])
        self._open: dict[int, _Columns] = {}

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> StoredFace:
        columns, i = self._locate(row)
        start, stop = columns.image_offsets[i : i + 2]
        return StoredFace(
            labels=_labels(columns.table, i),
            encoded=columns.image_bytes[start:stop],
            points=columns.points[i],
            valid=columns.valid[i],
            visible=columns.visible[i],
            to_photo=columns.to_photo[i],
        )

    def __iter__(self) -> Iterator[StoredFace]:
        return (self[row] for row in range(len(self)))

    def labels(self) -> list[Labels]:
        """What each face is reported under, in row order; no picture is touched."""
        located = (self._locate(row) for row in range(len(self)))
        return [_labels(columns.table, i) for columns, i in located]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}

    def _locate(self, row: int) -> tuple[_Columns, int]:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} in fold {self.fold}")
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        if number not in self._open:
            self._open[number] = _open_shard(self.folder, self._shards[number], self._size)
        return self._open[number], row - int(self._starts[number])


def _open_shard(folder: Path, shard: Shard, size: int) -> _Columns:
    path = folder / shard.file
    found = path.stat().st_size if path.is_file() else None
    if found != shard.bytes:
        state = "is missing" if found is None else f"has {found} bytes"
        raise UserError(f"{path}: {state}; the index names it with {shard.bytes} bytes; prepare the data again")
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: damaged ({error}); prepare the data again") from None
    _, offsets, data = table.column("image").buffers()
    return _Columns(
        table=table,
        image_offsets=np.frombuffer(offsets, dtype=np.int32),
        image_bytes=np.frombuffer(data, dtype=np.uint8),
        points=_values(table, "points").reshape(-1, size, 2),
        valid=_values(table, "valid").reshape(-1, size),
        visible=_values(table, "visible").reshape(-1, size),
        to_photo=_values(table, "to_photo").reshape(-1, 2, 3),
    )


def _values(table: Any, column: str) -> NDArray[Any]:
    values: NDArray[Any] = table.column(column).flatten().to_numpy(zero_copy_only=False)
    return values


def _labels(table: Any, i: int) -> Labels:
    return Labels(
        id=table.column("id")[i].as_py(),
        subset=table.column("subset")[i].as_py(),
        photo=table.column("photo")[i].as_py(),
        attributes=tuple(table.column("attributes")[i].as_py()),
    )
