"""Random access to the faces of one fold, memory-mapped: no byte is read before it is asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facealign.config import UserError, digest_file
from facealign.data.folds import Fold
from facealign.data.shards.columns import Columns, open_columns, read_landmarks
from facealign.data.shards.index import Index, Shard
from facealign.data.shards.row import Labels, StoredFace, arrow_schema, fingerprint
from facealign.data.statistics import Statistics
from facealign.storage.store import Place
from facealign.storage.uris import open_store


class ShardReader:
    """The faces of a fold by row number, 0…len − 1, counted through its shards.

    Shards are mapped at first use and never pickled, so a reader can be sent to DataLoader workers. Shards of a
    bucket are fetched at first use, and kept on this machine.

    Args:
        folder: Of prepared data, or its URI.
        fold: ``train``, ``val`` or ``test``.

    Raises:
        UserError: There is no such data, it was written in another form, or the fold has no face.
    """

    def __init__(self, folder: Place, fold: Fold) -> None:
        self.folder = folder
        self.fold = fold
        self._store = open_store(folder)
        self.index = Index.load(self._store)
        self._size = self.index.landmarks.size
        if self.index.columns != fingerprint(arrow_schema(self._size)):
            raise UserError(f"{folder}: the columns are not those this version reads; prepare the data again")
        self._shards = self.index.folds[fold]
        if not self._shards:
            raise UserError(
                f"{folder}: fold {fold} has no face: data set {self.index.source.name!r} gave none for it when it "
                "was prepared; prepare one that has them"
            )
        self._starts = np.cumsum([0, *(shard.rows for shard in self._shards)])
        self._open: dict[int, Columns] = {}

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> StoredFace:
        columns, i = self._locate(row)
        return columns.face(i)

    def __iter__(self) -> Iterator[StoredFace]:
        return (self[row] for row in range(len(self)))

    def labels(self) -> list[Labels]:
        """The labels of each face, in row order; no image is read."""
        located = (self._locate(row) for row in range(len(self)))
        return [columns.labels(i) for columns, i in located]

    def landmarks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """The landmarks (R, N, 2), stored-crop pixels, and whether each is known, (R, N), shard by shard.

        Nothing but these columns is read, and one shard's at a time.
        """
        for shard in self._shards:
            self._require(shard)
            with self._store.open(shard.file) as file:
                yield read_landmarks(file, self._size)

    def statistics(self) -> Statistics:
        """Load the statistics of the training fold.

        Raises:
            UserError: There are none, for the reason that is given; or the file is missing or damaged.
        """
        note = self.index.statistics
        if note is None:
            raise UserError(f"{self.folder}: has no statistics: {self.index.no_statistics}")
        if self._store.size(note.file) is None:
            raise UserError(f"{self._store.at(note.file)}: is missing; prepare the data again")
        path = self._store.local_path(note.file, note.sha256)
        if digest_file(path) != note.sha256:
            raise UserError(f"{path}: damaged (its SHA-256 is another); remove it and prepare the data again")
        return Statistics.from_bytes(path.read_bytes())

    def check(self) -> None:
        """Read every byte of the fold once, and compare it with the index.

        Raises:
            UserError: A shard is not what was written; names it.
        """
        for shard in self._shards:
            self._require(shard)
            path = self._store.local_path(shard.file, shard.sha256)
            if (found := digest_file(path)) != shard.sha256:
                raise UserError(
                    f"{path}: damaged: SHA-256 {found}, the index says {shard.sha256}; remove it and prepare the "
                    "data again"
                )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}, "_store": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _store=open_store(state["folder"]))

    def _locate(self, row: int) -> tuple[Columns, int]:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} in fold {self.fold}")
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        if number not in self._open:
            self._open[number] = self._map(self._shards[number])
        return self._open[number], row - int(self._starts[number])

    def _map(self, shard: Shard) -> Columns:
        self._require(shard)
        path = self._store.local_path(shard.file, shard.sha256)
        try:
            return open_columns(pa.memory_map(str(path)), self._size, self.index.raw_side)
        except pa.ArrowInvalid as error:
            raise UserError(f"{path}: damaged ({error}); remove it and prepare the data again") from None

    def _require(self, shard: Shard) -> None:
        found = self._store.size(shard.file)
        if found != shard.bytes:
            state = "is missing" if found is None else f"has {found} bytes"
            raise UserError(
                f"{self._store.at(shard.file)}: {state}; the index names it with {shard.bytes} bytes; prepare the "
                "data again"
            )
