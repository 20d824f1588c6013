"""Leeds Sports Pose (Johnson and Everingham, BMVC 2010) and its extension (CVPR 2011): 14 joints of a body.

LSP has 2000 people: rows 1–1000 for training, 1001–2000 for testing. The extension has 10 000, for training
alone, labeled by many hands and less exactly. Both are a folder of images and ``joints.mat`` (MATLAB, version
5), of two forms. LSP's is 3 × 14 × 2000, and the third row is 1 where a joint is hidden; its place is given all
the same. The extension's is 14 × 3 × 10 000, and the third column is 1 where a joint is labeled; others are
unknown. Left and right are the person's own. Coordinates are 1-based, as MATLAB is.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from facealign.config import Settings
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import not_found
from facealign.data.sources.listing import as_line, from_line
from facealign.data.sources.matlab import Shape, read_mat5

_TABLE, _PICTURES = "joints.mat", "images"


class _LeedsPose(Source):
    """Base of the two Leeds sources; a row becomes 14 × (x, y, flag) when it is listed."""

    schemas = ("lsp14",)
    title: ClassVar[str]
    subset: ClassVar[str]
    shape: ClassVar[Shape]
    people_last: ClassVar[tuple[int, int, int]]
    picture: ClassVar[str]

    @abstractmethod
    def fold_of(self, number: int) -> Literal["train", "test"]:
        """Return the fold of row ``number``, from 1."""

    @abstractmethod
    def decode(
        self, points_N2: NDArray[np.float64], flags_N: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Decode the flags: coordinates, NaN where unknown, and whether each joint is visible."""

    def samples(self) -> Iterator[Sample]:
        """One sample for each person of the table."""
        root = self.folder()
        if not (root / _TABLE).is_file():
            raise not_found(root, f"{self.title} is {_TABLE} and the folder {_PICTURES}")
        joints = read_mat5(root / _TABLE, str(root / _TABLE), {"joints": self.shape})["joints"]
        listed = []
        for number, joints_N3 in enumerate(joints.transpose(self.people_last), start=1):
            fold, name = self.fold_of(number), self.picture.format(number)
            listed.append(
                Sample(
                    id=f"{fold}/{name}",
                    fold=fold,
                    subset=self.subset,
                    photo=name,
                    files=(f"{_PICTURES}/{name}",),
                    row=number,
                    line=as_line({"joints": joints_N3.tolist()}),
                )
            )
        yield from sorted(listed, key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The image and its joints, moved from MATLAB's 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        place = f"{_TABLE}:{sample.row}"
        joints_N3 = np.array(from_line(sample.line)["joints"])
        flags_N = joints_N3[:, 2]
        if not np.isin(flags_N, (0, 1)).all():
            raise BadSample(place, f"says {flags_N[~np.isin(flags_N, (0, 1))][0]} where 0 or 1 is a joint's flag")
        points_N2, visible_N = self.decode(joints_N3[:, :2] - 1.0, flags_N)
        if not np.isfinite(points_N2[visible_N]).all():
            raise BadSample(place, "a visible joint has no finite coordinates; fetch the file again")
        return FaceRecord(
            image=read_photo(self.path(sample.files[0]), sample.files[0]), points=points_N2, visible=visible_N
        )


@SOURCES.register("lsp")
class LSP(_LeedsPose):
    """joints.mat and images/im0001.jpg … below the root."""

    class Config(Settings):
        """Which people are for what."""

        train: int = Field(default=1000, ge=0, description="people for training: the first of the table")

    title, subset = "Leeds Sports Pose", "lsp"
    shape = (3, 14, None)
    people_last = (2, 1, 0)
    picture = "im{:04d}.jpg"

    def fold_of(self, number: int) -> Literal["train", "test"]:
        """The first are for training."""
        return "train" if number <= self.config.train else "test"

    def decode(
        self, points_N2: NDArray[np.float64], flags_N: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """1 is hidden."""
        return points_N2, flags_N == 0


@SOURCES.register("lspet")
class LSPExtended(_LeedsPose):
    """joints.mat and images/im00001.jpg … below the root."""

    title, subset = "Leeds Sports Pose Extended", "lspet"
    shape = (14, 3, None)
    people_last = (2, 0, 1)
    picture = "im{:05d}.jpg"

    def fold_of(self, number: int) -> Literal["train", "test"]:
        """Return the training fold for every row."""
        return "train"

    def decode(
        self, points_N2: NDArray[np.float64], flags_N: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """0 is not labeled, whatever the coordinates are."""
        return np.where(flags_N[:, None] == 1, points_N2, np.nan), flags_N == 1
