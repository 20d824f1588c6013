"""300-W in iBUG's layout: AFW, HELEN, LFPW and iBUG, a ``.pts`` of 68 landmarks beside each picture.

Folds are the usual ones (Sagonas et al., ICCV-W 2013, and what followed): AFW and the training parts of HELEN and
LFPW for training (3148 faces); the test parts of HELEN and LFPW are "common" (554), iBUG is "challenging" (135).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from facealign.config import UserError
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema

_FOLDERS: dict[str, tuple[Literal["train", "test"], str]] = {
    "afw": ("train", "afw"),
    "helen/testset": ("test", "common"),
    "helen/trainset": ("train", "helen"),
    "ibug": ("test", "challenging"),
    "lfpw/testset": ("test", "common"),
    "lfpw/trainset": ("train", "lfpw"),
}
_PICTURES = (".jpg", ".jpeg", ".png")
_FACE_OF_PHOTO = re.compile(r"(?<=\d)_\d+$")


@SOURCES.register("300w")
class W300(Source):
    """Any of the folders afw, helen/{trainset,testset}, lfpw/{trainset,testset} and ibug below the root."""

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each name that has a picture, a ``.pts``, or both; what is missing shows on loading."""
        root = self.folder()
        expected = ", ".join(_FOLDERS)
        present = [name for name in _FOLDERS if (root / name).is_dir()]
        if not present:
            found = ", ".join(sorted(entry.name for entry in root.iterdir())[:5]) or "nothing"
            raise UserError(f"{root}: found {found}; 300-W has the folders {expected}; set data.root above them")
        listed = [sample for name in present for sample in _samples_in(root, name)]
        if not listed:
            raise UserError(f"{root}: {', '.join(present)} hold no picture and no .pts; unpack 300-W there")
        yield from sorted(listed, key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The photo and its landmarks, moved from iBUG's 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        annotations = [name for name in sample.files if name.lower().endswith(".pts")]
        pictures = [name for name in sample.files if name not in annotations]
        if len(annotations) != 1:
            raise BadSample(pictures[0], _count_rule(annotations, "a .pts of the same name"))
        if len(pictures) != 1:
            raise BadSample(annotations[0], _count_rule(pictures, "one picture of the same name"))
        schema = load_schema(self.schema)
        points_N2 = read_pts(self.folder() / annotations[0], annotations[0], schema) - 1.0
        return FaceRecord(
            image=read_photo(self.folder() / pictures[0], pictures[0]),
            points=points_N2,
            visible=np.ones(schema.size, dtype=np.bool_),
        )


def _samples_in(root: Path, folder: str) -> Iterator[Sample]:
    """Files that differ only in their ending make one sample."""
    fold, subset = _FOLDERS[folder]
    by_stem: dict[str, list[str]] = {}
    for entry in sorted((root / folder).iterdir()):
        if entry.suffix.lower() in (*_PICTURES, ".pts") and entry.is_file():
            by_stem.setdefault(entry.stem, []).append(f"{folder}/{entry.name}")
    for stem, files in by_stem.items():
        yield Sample(
            id=f"{folder}/{stem}",
            fold=fold,
            subset=subset,
            photo=photo_key(f"{folder}/{stem}"),
            files=tuple(files),
        )


def photo_key(stem: str) -> str:
    """What the faces of one photo share.

    AFW, HELEN and iBUG append the face's number (``134212_2``); LFPW's ``image_0001`` numbers the photo itself.
    Some copies of the data set hold mirrored pictures (``134212_2_mirror``), which are of the same photo too.
    """
    return _FACE_OF_PHOTO.sub("", stem.removesuffix("_mirror"))


def _count_rule(found: list[str], wanted: str) -> str:
    return f"{wanted} belongs beside it; found {', '.join(found) or 'none'}"
