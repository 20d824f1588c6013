"""Synthetic faces with exact landmarks: a data set that is always at hand."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from facealign.config import Settings, digest_json
from facealign.data.record import FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source

_FIRST_TEST_FACE = 10_000_000


@SOURCES.register("synthetic")
class Synthetic(Source):
    """Faces numbered from 0 (training) and from 10 000 000 (test), so that the folds never share one."""

    class Config(Settings):
        """Options of the source ``synthetic``: the number and the size of the faces."""

        train: int = Field(default=2000, ge=1, le=_FIRST_TEST_FACE, description="training faces")
        test: int = Field(default=200, ge=1, le=_FIRST_TEST_FACE, description="test faces")
        size: int = Field(default=256, ge=64, le=1024, description="side of a synthetic photo, px")

    schemas = ("ibug68", "wflw98")
    needs_root = False

    def samples(self) -> Iterator[Sample]:
        """The test faces, then the training faces: sorted by id."""
        yield from _numbered("test", _FIRST_TEST_FACE, self.config.test)
        yield from _numbered("train", 0, self.config.train)

    def load(self, sample: Sample) -> FaceRecord:
        """Draw it."""
        from facealign.data.synthetic import draw_face  # OpenCV: settings are read without it

        return draw_face(self.seed, sample.row, self.schema, self.config.size)

    def fingerprint(self, sample: Sample) -> str:
        """A synthetic face is determined by its numbers."""
        return digest_json([self.seed, sample.row, self.schema, self.config.size])


def _numbered(fold: Literal["train", "test"], first: int, count: int) -> Iterator[Sample]:
    for i in range(count):
        name = f"{fold}/{i:08d}"
        yield Sample(id=name, fold=fold, subset="synthetic", photo=name, row=first + i)
