"""300-W in iBUG's layout: AFW, HELEN, LFPW and iBUG, a ``.pts`` of 68 landmarks beside each image.

Sagonas et al., "300 Faces in-the-Wild Challenge" (ICCV-W 2013; Image and Vision Computing 2016). Coordinates are
1-based. No boxes and no visibility are published. The literature knows two splits:

- ``full`` (also Split II): AFW and the training parts of HELEN and LFPW for training (337 + 2000 + 811 = 3148
  faces); the test parts of HELEN and LFPW are "common" (330 + 224 = 554), iBUG is "challenging" (135).
- ``private`` (also Split I, "300-W test"): all of the above for training (3837 faces); the challenge's own 300
  indoor and 300 outdoor faces for testing. They come in an archive of their own, ``300w.zip``, whose folders
  ``01_Indoor`` and ``02_Outdoor`` may lie below the root or in ``300W`` below it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from facealign.config import Settings
from facealign.data.sources.base import SOURCES, Sample
from facealign.data.sources.beside import PtsSource
from facealign.data.sources.files import IMAGE_SUFFIXES, files_by_stem, not_found

_Part = tuple[Literal["train", "test"], str]

_FOLDERS: dict[str, dict[str, _Part]] = {
    "full": {
        "afw": ("train", "afw"),
        "helen/testset": ("test", "common"),
        "helen/trainset": ("train", "helen"),
        "ibug": ("test", "challenging"),
        "lfpw/testset": ("test", "common"),
        "lfpw/trainset": ("train", "lfpw"),
    },
    "private": {
        "300W/01_Indoor": ("test", "indoor"),
        "300W/02_Outdoor": ("test", "outdoor"),
        "afw": ("train", "afw"),
        "helen/testset": ("train", "helen"),
        "helen/trainset": ("train", "helen"),
        "ibug": ("train", "ibug"),
        "lfpw/testset": ("train", "lfpw"),
        "lfpw/trainset": ("train", "lfpw"),
    },
}
_FACE_OF_PHOTO = re.compile(r"(?<=\d)_\d+$")


@SOURCES.register("300w")
class W300(PtsSource):
    """300-W: any of the folders afw, helen/{trainset,testset}, lfpw/{trainset,testset}, ibug below the root."""

    class Config(Settings):
        """Which faces are for testing."""

        split: Literal["full", "private"] = Field(
            default="full",
            description="full: test on 554 common and 135 challenging; private: on 300 indoor and 300 outdoor",
        )

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each name that has an image, a ``.pts``, or both; what is missing shows on loading."""
        root = self.folder()
        parts = _FOLDERS[self.config.split]
        present = {name: place for name in parts if (place := _place(root, name))}
        if not present:
            raise not_found(root, f"300-W has the folders {', '.join(parts)}; set data.root above them")
        listed = [
            sample for name, folder in present.items() for sample in _samples_in(root, name, folder, parts[name])
        ]
        if not listed:
            raise not_found(root, f"{', '.join(present)} hold no image and no .pts; unpack 300-W there")
        yield from sorted(listed, key=lambda sample: sample.id)


def _place(root: Path, name: str) -> str | None:
    """The folder below the root; that of ``300w.zip`` may have been left out."""
    places = (name, name.removeprefix("300W/"))
    return next((place for place in places if (root / place).is_dir()), None)


def _samples_in(root: Path, name: str, folder: str, part: _Part) -> Iterator[Sample]:
    """Files that differ only in their ending make one sample."""
    fold, subset = part
    for stem, files in files_by_stem(root, folder, (*IMAGE_SUFFIXES, ".pts")).items():
        one = f"{name}/{stem}"
        yield Sample(id=one, fold=fold, subset=subset, photo=photo_key(one), files=files)


def photo_key(stem: str) -> str:
    """The key that the faces of one photo share.

    AFW, HELEN and iBUG append the face's number (``134212_2``); LFPW's ``image_0001`` numbers the photo itself.
    Some copies of the data set hold mirrored images (``134212_2_mirror``), which are of the same photo too.
    """
    return _FACE_OF_PHOTO.sub("", stem.removesuffix("_mirror"))
