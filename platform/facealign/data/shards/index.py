"""``index.json``: what a prepared data set consists of. It is written last, and it alone makes the set exist.

The file holds a digest of all else in it, and has one form only: every changed byte is found when it is read.
"""

import json
from typing import Any

from pydantic import ValidationError

from facealign.config import Settings, UserError, digest_json
from facealign.data.folds import Fold
from facealign.data.shards.settings import ShardSettings
from facealign.geometry import CropSettings, LandmarkSchema
from facealign.storage.store import Place, Store
from facealign.storage.uris import open_store

INDEX_FILE = "index.json"
FORMAT_VERSION = 3
"""Raised when the meaning of the bytes changes; source text, comments and library versions are not in them."""


class NoIndex(UserError):
    """Raised where there is no prepared data."""


class DamagedIndex(UserError):
    """The index is not what was written, or another version wrote it."""


class Shard(Settings):
    """A shard: one Arrow file.

    Attributes:
        file: Its name: the fold, and the beginning of its digest.
        rows: Faces in it.
        bytes: Its length.
        sha256: Of its bytes.
        first: Id of its first face; faces are sorted by id.
        last: Id of its last face.
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    first: str
    last: str


class StatisticsNote(Settings):
    """The file with the statistics of the training fold: its name, bytes, SHA-256."""

    file: str
    bytes: int
    sha256: str


class SourceNote(Settings):
    """Where prepared faces came from: the source's name and options, and a digest of all that it read."""

    name: str
    options: dict[str, Any]
    digest: str


class Index(Settings):
    """The contents of a prepared data set: no time, no path, so equal data have equal indexes.

    Attributes:
        format_version: ``FORMAT_VERSION`` of the program that wrote it.
        source: Where the faces came from.
        landmarks: The landmark schema, whole.
        crop: The rule that faces were cut by.
        shards: How they were stored.
        validation: Share of the training photos held out.
        seed: Of that cut.
        columns: Fingerprint of the Arrow columns.
        folds: The shards of each fold, in row order. A fold may be empty.
        statistics: Of the training fold; None where ``no_statistics`` says why there are none.
        no_statistics: The reason, or nothing.
    """

    format_version: int = FORMAT_VERSION
    source: SourceNote
    landmarks: LandmarkSchema
    crop: CropSettings
    shards: ShardSettings
    validation: float
    seed: int
    columns: str
    folds: dict[Fold, tuple[Shard, ...]]
    statistics: StatisticsNote | None = None
    no_statistics: str = ""

    @property
    def digest(self) -> str:
        """The name of this data in every lineage: SHA-256 of the index, and so of every byte it stands for."""
        return digest_json(self.model_dump(mode="json"))

    @property
    def raw_side(self) -> int | None:
        """Side of the stored crops, px, where they are bare pixels; else None."""
        return self.crop.stored_size if self.shards.encoding == "raw" else None

    def rows(self, fold: Fold) -> int:
        """Samples in a fold."""
        return sum(shard.rows for shard in self.folds[fold])

    def files(self) -> dict[str, Shard | StatisticsNote]:
        """Return every file that the index names, by name."""
        files: list[Shard | StatisticsNote] = [shard for part in self.folds.values() for shard in part]
        if self.statistics is not None:
            files.append(self.statistics)
        return {file.file: file for file in files}

    def to_bytes(self) -> bytes:
        """The one form of the file."""
        return _canonical({**self.model_dump(mode="json"), "digest": self.digest})

    @classmethod
    def load(cls, place: Place | Store) -> "Index":
        """Load the index of the prepared data at ``place``.

        Raises:
            NoIndex: There is none.
            DamagedIndex: It is damaged or of another version.
        """
        store = place if isinstance(place, Store) else open_store(place)
        try:
            data = store.read(INDEX_FILE)
        except (FileNotFoundError, NotADirectoryError):
            raise NoIndex(
                f"{store.at(INDEX_FILE)}: no such file, so {store.place} holds no prepared data (or preparing was "
                "cut short); prepare the data first"
            ) from None
        return cls.from_bytes(data, store.at(INDEX_FILE))

    @classmethod
    def from_bytes(cls, data: bytes, path: str) -> "Index":
        """The index that ``to_bytes`` wrote; ``path`` is what messages call it.

        Raises:
            DamagedIndex: One byte or more is another.
        """
        tree = _parse(data, path)
        found = tree.get("format_version", tree.get("version"))
        if found != FORMAT_VERSION:
            version = "no format version" if found is None else f"format version {found!r}"
            raise DamagedIndex(
                f"{path}: has {version}, and this program reads version {FORMAT_VERSION}; prepare "
                "the data again: `dvc repro prepare`, or `facealign shards write` where no pipeline is used"
            )
        digest = tree.pop("digest", None)
        if digest != digest_json(tree) or data != _canonical({**tree, "digest": digest}):
            raise DamagedIndex(f"{path}: damaged: its content is not what its digest says; prepare the data again")
        try:
            index = cls.model_validate(tree)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DamagedIndex(
                f"{path}: not an index of this version: {where}: {first['msg']}; prepare the data again"
            ) from None
        if index.digest != digest:
            raise DamagedIndex(
                f"{path}: written with other settings than this version has; prepare the data again"
            )
        return index


def _parse(data: bytes, path: str) -> dict[str, Any]:
    try:
        tree = json.loads(data.decode(), parse_constant=_refuse)
    except ValueError as error:
        raise DamagedIndex(f"{path}: damaged: not JSON ({error}); prepare the data again") from None
    if not isinstance(tree, dict):
        raise DamagedIndex(f"{path}: damaged: not a JSON object; prepare the data again")
    return tree


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _canonical(tree: dict[str, Any]) -> bytes:
    return (json.dumps(tree, indent=1, ensure_ascii=False) + "\n").encode()
