"""Interface of data sources: a cheap list of samples, and the loading of one."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from facealign.config import Registry, Settings, UserError
from facealign.data.file_digests import digest_of
from facealign.data.record import BadSample, FaceRecord


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One face of a data set, not loaded yet.

    Attributes:
        id: Unique, and the same on every machine: ``helen/trainset/100032540_1``.
        fold: The published fold. Validation is cut from ``train`` when shards are prepared.
        subset: The group that results are reported for: ``helen``, ``common``.
        photo: Faces of one photo share it, so that no photo straddles two folds.
        files: The files it is made of, relative to the root.
        row: Its line or row where one file annotates many faces; its frame in a video; a synthetic face's number.
        line: What that row says, as text, so that loading the sample needs no second look at the file. Part of the
            sample's fingerprint.
    """

    id: str
    fold: Literal["train", "test"]
    subset: str
    photo: str
    files: tuple[str, ...] = ()
    row: int = 0
    line: str = ""


class Source(ABC):
    """A published data set, read in its own format.

    A source is small and picklable: preparation sends it to its worker processes.

    Args:
        root: The folder the data set was unpacked into; None for a source that needs none.
        schema: Name of the landmark schema to give, one of ``schemas``; for a source whose ``schemas`` are None
            the name of any, or the path of a YAML file.
        config: The source's own options, an instance of ``Config``.
        seed: For what a source draws by chance.
    """

    Config: ClassVar[type[Settings]] = Settings
    schemas: ClassVar[tuple[str, ...] | None]
    needs_root: ClassVar[bool] = True

    def __init__(self, root: Path | None, schema: str, config: Any, seed: int) -> None:
        self.root = root
        self.schema = schema
        self.config = config
        self.seed = seed

    @abstractmethod
    def samples(self) -> Iterator[Sample]:
        """List every sample, sorted by id, without opening an image.

        Raises:
            UserError: The root is missing, empty, or does not look like this data set.
        """

    @abstractmethod
    def load(self, sample: Sample) -> FaceRecord:
        """The face itself, in facealign's conventions.

        Raises:
            BadSample: It cannot be used; says why.
        """

    def fingerprint(self, sample: Sample) -> str:
        """A digest of what ``load`` would read, so that prepared data can be traced to its source."""
        sha = hashlib.sha256(f"{sample.id}\0{sample.row}\0{sample.line}".encode())
        folder = str(self.folder())
        for name in sample.files:
            _require_below(name)
            sha.update(digest_of(f"{folder}/{name}").encode())  # text: a path object would take half of the time
        return sha.hexdigest()

    def path(self, name: str) -> Path:
        """Return the path of a file that an annotation names; one outside the root is refused.

        Raises:
            BadSample: The name is absolute or climbs out of the root.
        """
        _require_below(name)
        return self.folder() / name

    def folder(self) -> Path:
        """The root, checked.

        Raises:
            UserError: It is not set, or no such folder exists.
        """
        if self.root is None:
            raise UserError("data.root is not set; name the folder that the data set was unpacked into")
        if not os.path.isdir(self.root):  # Path.is_dir raises on names that are too long
            raise UserError(f"{self.root}: no such folder; set data.root to where the data set was unpacked")
        return self.root


def _require_below(name: str) -> None:
    # By its text, which is quicker than by a path: every file of every sample is asked for.
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
        raise BadSample(repr(name)[1:-1], "a file is named by its path below data.root, with `/`, without `..`")


SOURCES: Registry[type[Source]] = Registry("source", "facealign.data.sources")
"""Every data set by name; ``@SOURCES.register("300w")`` in the source's own file puts it here."""
