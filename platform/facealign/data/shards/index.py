"""``index.json``: what a prepared data set consists of. It is written last, and it alone makes the set exist."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from facealign.config import Settings, UserError, digest_json
from facealign.data.folds import Fold
from facealign.data.shards.settings import ShardSettings
from facealign.geometry import CropSettings, LandmarkSchema

INDEX_FILE = "index.json"


class Shard(Settings):
    """One Arrow file: its name, which starts with its fold and its digest; rows; bytes; SHA-256."""

    file: str
    rows: int
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
        version: Of this format.
        source: Where the faces came from.
        landmarks: The landmark schema, whole.
        crop: The rule that faces were cut by.
        shards: How they were stored.
        validation: Share of the training photos held out.
        seed: Of that cut.
        columns: Fingerprint of the Arrow columns.
        folds: The shards of each fold, in row order.
    """

    version: Literal[1] = 1
    source: SourceNote
    landmarks: LandmarkSchema
    crop: CropSettings
    shards: ShardSettings
    validation: float
    seed: int
    columns: str
    folds: dict[Fold, tuple[Shard, ...]]

    @property
    def digest(self) -> str:
        """The name of this data in every lineage: SHA-256 of the index, and so of every byte it stands for."""
        return digest_json(self.model_dump(mode="json"))

    def rows(self, fold: Fold) -> int:
        """Samples in a fold."""
        return sum(shard.rows for shard in self.folds[fold])

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """The index of the prepared data in ``folder``.

        Raises:
            UserError: There is none, or it is damaged or of another version.
        """
        path = folder / INDEX_FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"{path}: no such file, so {folder} holds no prepared data (or preparing was cut short); "
                "prepare the data first"
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole file"
            raise UserError(
                f"{path}: not an index of this version: {where}: {first['msg']}; prepare the data again"
            ) from None
