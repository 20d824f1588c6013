"""Menpo 2D: semi-frontal faces with 68 landmarks and profile faces with 39.

Zafeiriou et al., "The Menpo Facial Landmark Localization Challenge: A step towards the solution" (CVPR-W 2017);
Deng et al., "The Menpo Benchmark for Multi-pose 2D and 3D Facial Landmark Localization and Tracking" (IJCV
2019). The training archive is one folder of images, semi-frontal and profile ones mixed, a ``.pts`` beside
each, 1-based; the number of points tells the two apart, so ``landmarks: ibug68`` takes the one kind and
``menpo39`` the other. Files that hold neither number are listed with both, and refused on loading. The test
archive has folders ``semifrontal`` and ``profile``. For the challenge it came without annotations; what has none
cannot be measured on, so of the test folder only annotated images are taken. No boxes and no visibility are
published, nor which faces share a photo.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from facealign.config import Settings
from facealign.data.sources.base import SOURCES, Sample
from facealign.data.sources.beside import PtsSource
from facealign.data.sources.files import IMAGE_SUFFIXES, files_by_stem, folders_in, not_found
from facealign.data.sources.pts import count_points
from facealign.geometry import load_schema

_FOLDER = r"^\w[^/\\]*(/\w[^/\\]*)*$"
_KINDS = {68: "semifrontal", 39: "profile"}


@SOURCES.register("menpo2d")
class Menpo2d(PtsSource):
    """A folder for training and one for testing below the root; images in them, or in folders directly below."""

    class Config(Settings):
        """Options of the source ``menpo2d``: names of the folders; archives differ."""

        train: str = Field(default="trainset", pattern=_FOLDER, description="folder of the training images")
        test: str = Field(default="testset", pattern=_FOLDER, description="folder of the test images")

        @model_validator(mode="after")
        def _check(self) -> "Menpo2d.Config":
            if f"{self.train}/".startswith(f"{self.test}/") or f"{self.test}/".startswith(f"{self.train}/"):
                raise ValueError(f"train {self.train!r} and test {self.test!r} must lie apart")
            return self

    schemas = ("ibug68", "menpo39")

    def samples(self) -> Iterator[Sample]:
        """One sample for each face of the schema's kind."""
        root = self.folder()
        train, test = (self.path(name).is_dir() for name in (self.config.train, self.config.test))
        if not (train or test):
            expected = f"{self.config.train} (training) and {self.config.test} (testing)"
            raise not_found(root, f"Menpo 2D's folders are {expected}; name yours in data.menpo2d")
        listed = [*self._samples_in(self.config.train, "train")] if train else []
        listed += [*self._samples_in(self.config.test, "test")] if test else []
        if not listed:
            raise not_found(root, f"no .pts of {self.schema} in Menpo 2D's folders; unpack its annotations there")
        yield from sorted(listed, key=lambda sample: sample.id)

    def _samples_in(self, top: str, fold: Literal["train", "test"]) -> Iterator[Sample]:
        root, wanted = self.folder(), load_schema(self.schema).size
        for folder in (top, *(f"{top}/{name}" for name in folders_in(root / top))):
            for stem, files in files_by_stem(root, folder, (*IMAGE_SUFFIXES, ".pts")).items():
                annotations = [name for name in files if name.lower().endswith(".pts")]
                if not annotations and fold == "test":
                    continue
                counts = {count_points(root / name, name) for name in annotations}
                if not counts & _KINDS.keys() or wanted in counts:
                    one = f"{folder}/{stem}"
                    yield Sample(id=one, fold=fold, subset=_KINDS[wanted], photo=one, files=files)
