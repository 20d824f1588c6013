"""MERL-RAV (Kumar et al., "LUVLi Face Alignment", CVPR 2020): AFLW with 68 landmarks and their visibility.

15 449 faces for training and 3865 for testing, sorted by pose: frontal, lefthalf and righthalf (together
"half-profile"), left and right ("profile"). The publishers' script puts AFLW's images beside the labels.

A landmark hidden by something else is written with both signs turned, (−x, −y); one hidden by the face itself is
(−1, −1), and its place is unknown. One whose signs differ says neither, and is taken as unknown. The ``.pts``
files are read as those of 300-W are, 1-based; the publishers do not say.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facealign.data.record import FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import IMAGE_SUFFIXES, files_by_stem, image_and, not_found
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema

_SUBSETS = {
    "frontal": "frontal",
    "left": "profile",
    "lefthalf": "half-profile",
    "right": "profile",
    "righthalf": "half-profile",
}
_FOLDS: dict[str, Literal["train", "test"]] = {"testset": "test", "trainset": "train"}
_FOLDERS = tuple(f"{pose}/{part}" for pose in _SUBSETS for part in _FOLDS)
_FACE_OF_PHOTO = re.compile(r"_\d+$")


@SOURCES.register("merl_rav")
class MerlRav(Source):
    """The folder merl_rav_organized: frontal, left, lefthalf, right, righthalf, each with trainset and testset."""

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each name that has an image, a ``.pts``, or both; what is missing shows on loading."""
        root = self.folder()
        listed = [sample for name in _FOLDERS if (root / name).is_dir() for sample in _samples_in(root, name)]
        if not listed:
            raise not_found(
                root,
                f"MERL-RAV is images and .pts files in {_FOLDERS[0]} … {_FOLDERS[-1]}, as the script that comes "
                "with it sorts them; set data.root above them",
            )
        yield from sorted(listed, key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The photo and its landmarks, moved from 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        picture, labels = image_and(sample, ".pts")
        written_N2 = read_pts(self.path(labels), labels, load_schema(self.schema))
        points_N2, visible_N = decode(written_N2)
        return FaceRecord(image=read_photo(self.path(picture), picture), points=points_N2, visible=visible_N)


def decode(written_N2: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Decode the signs of coordinates.

    Args:
        written_N2: As the file has them, 1-based.

    Returns:
        (N, 2) coordinates, 0-based, NaN where unknown; (N,) whether each is visible.
    """
    # −0 is hidden too: a landmark at x = 0 whose sign was turned.
    is_negative_N2 = np.signbit(written_N2)
    visible_N = np.asarray(~is_negative_N2.any(axis=1))
    unknown_N = (written_N2 == -1).all(axis=1) | (is_negative_N2[:, 0] != is_negative_N2[:, 1])
    return np.where(unknown_N[:, None], np.nan, np.abs(written_N2) - 1.0), visible_N


def _samples_in(root: Path, folder: str) -> Iterator[Sample]:
    """Files that differ only in their ending make one sample."""
    pose, part = folder.split("/")
    for stem, files in files_by_stem(root, folder, (*IMAGE_SUFFIXES, ".pts")).items():
        yield Sample(
            id=f"{folder}/{stem}",
            fold=_FOLDS[part],
            subset=_SUBSETS[pose],
            # AFLW's name: the faces of one photo may be in several folders.
            photo=_FACE_OF_PHOTO.sub("", stem),
            files=files,
        )
