"""300W-LP: the photos of 300-W, turned to ever larger yaw by a 3D face model; for training.

Zhu et al., "Face Alignment Across Large Poses: A 3D Solution" (CVPR 2016). The archive unpacks to ``300W_LP``
with folders ``AFW``, ``HELEN``, ``IBUG``, ``LFPW`` of 450 × 450 images: 5207 + 37 676 + 1786 + 16 556 = 61
225. A name ends in the number of the rendered view: ``HELEN_100032540_1_4.jpg``. All views, and all faces, of
one photo share its key. Mirrored copies (``AFW_Flip`` and so on) are left out, since augmentation mirrors.

Landmarks are those of the folder ``landmarks``, in MATLAB 5 files
``landmarks/HELEN/HELEN_100032540_1_4_pts.mat``: ``pts_2d`` (68 × 2) follows the visible outline of the face as
300-W does, ``pts_3d`` (68 × 2) is the projection of the model as in AFLW2000-3D. Both are pixels of the image,
1-based: they come from MATLAB. Neither visibility nor boxes are published (``roi`` is the square of the photo
that the image was cut from).

It has no test fold; the literature trains on it and tests elsewhere. It holds 300-W's test faces too (IBUG and
the test parts of HELEN and LFPW), so a model trained on it must not be measured on 300-W's "full" split; the 600
faces of the private split and AFLW2000-3D are apart from it. Parts named in ``test`` are held out.
"""

import re
from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from facealign.config import Settings
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import IMAGE_SUFFIXES, files_by_stem, not_found, unpacked_below
from facealign.data.sources.matlab import read_mat5
from facealign.data.sources.w300 import photo_key

Part = Literal["AFW", "HELEN", "IBUG", "LFPW"]
_PARTS: tuple[Part, ...] = ("AFW", "HELEN", "IBUG", "LFPW")
_VIEW = re.compile(r"_\d+$")


@SOURCES.register("300w_lp")
class W300Lp(Source):
    """300W-LP: any of the folders AFW, HELEN, IBUG, LFPW below the root, with ``landmarks`` beside them."""

    class Config(Settings):
        """Which landmarks, and what is held out."""

        points: Literal["2d", "3d"] = Field(
            default="2d", description="2d: along the visible outline, as 300-W; 3d: the model's, as AFLW2000-3D"
        )
        test: tuple[Part, ...] = Field(
            default=(), description="parts for testing; none in the literature, which trains on all"
        )

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each image; landmarks that are missing show on loading."""
        root = unpacked_below(self.folder(), ("300W_LP",))
        below = "" if root == self.root else f"{root.name}/"
        parts = [part for part in _PARTS if (root / part).is_dir()]
        if not parts:
            raise not_found(root, f"300W-LP has the folders {', '.join(_PARTS)}; set data.root above them")
        if not (root / "landmarks").is_dir():
            raise not_found(root, "300W-LP has a folder `landmarks` beside AFW, HELEN, …; unpack it as well")
        listed = [
            Sample(
                id=f"{part}/{stem}",
                fold="test" if part in self.config.test else "train",
                subset=part.lower(),
                photo=photo_of_view(stem),
                files=(*image_files, f"{below}landmarks/{part}/{stem}_pts.mat"),
            )
            for part in parts
            for stem, image_files in files_by_stem(self.folder(), f"{below}{part}", IMAGE_SUFFIXES).items()
        ]
        if not listed:
            raise not_found(root, f"{', '.join(parts)} hold no image; unpack 300W-LP there")
        yield from sorted(listed, key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The image and the landmarks asked for, moved from 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        *image_files, annotation = sample.files
        if len(image_files) > 1:
            raise BadSample(image_files[0], f"one image of a name is expected; found {', '.join(image_files)}")
        name = f"pts_{self.config.points}"
        points_N2 = read_mat5(self.path(annotation), annotation, {name: (68, 2)})[name] - 1.0
        if not np.isfinite(points_N2).all():
            raise BadSample(annotation, f"{name} holds a coordinate that is not finite; fetch it again")
        return FaceRecord(
            image=read_photo(self.path(image_files[0]), image_files[0]),
            points=points_N2,
            visible=np.ones(68, dtype=np.bool_),
        )


def photo_of_view(stem: str) -> str:
    """The photo that a view was rendered of: ``HELEN_100032540_1_4`` → ``HELEN_100032540``."""
    return photo_key(_VIEW.sub("", stem))
