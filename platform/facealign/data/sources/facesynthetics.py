"""Face Synthetics: 100 000 rendered faces, 512 × 512, with 70 landmarks.

Wood et al., "Fake It Till You Make It" (ICCV 2021), under the Research Use of Data Agreement 1.0: for
non-commercial research alone. A folder (``dataset_100``, ``dataset_1000``, ``dataset_100000``) of
``000000.png``, each with ``000000_ldmks.txt``: a line ``x y`` for each landmark, iBUG's 68 and then the right
and the left pupil. Landmarks are projections of the model's, also of what the face or an object hides, and do
not follow the outline of the face; which are hidden is not published, and there are no boxes.

Coordinates are taken as continuous, with (0, 0) at the top-left corner of the image, so that the center of its
first pixel is (0.5, 0.5). That is not documented. Measured in several ways on 15 faces, landmarks of pupils
exceed the centers of the dark pixels by 0.3 to 0.8 px in x, and contours of eyes exceed the centroids of
segmented eyes by 0.45 px: nearer to 0.5 than to the 0 or 1 of the other frames.

No split is official. The authors trained on the first 90 000 identities and validated on the last 10 000, and
tested on photos. Here the faces from number ``first_test`` on are the test fold, which is those 10 000 by
default.
"""

import re
from collections.abc import Iterator

import numpy as np
from pydantic import Field

from facealign.config import Settings
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import files_by_stem, not_found
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema

_FACE = re.compile(r"(\d{1,9})(_ldmks)?")
_ORIGIN = 0.5


@SOURCES.register("facesynthetics")
class FaceSynthetics(Source):
    """The folder of the images is the root."""

    class Config(Settings):
        """Which faces are for testing."""

        first_test: int = Field(
            default=90_000,
            ge=0,
            description="faces of this number and above are for testing; no split is official",
        )

    schemas = ("ibug68", "ibug70")

    def samples(self) -> Iterator[Sample]:
        """One sample for each number that has an image, landmarks, or both; segmentations are passed over."""
        root = self.folder()
        faces: dict[str, list[str]] = {}
        for stem, names in files_by_stem(root, "", (".png", ".txt")).items():
            if face := _FACE.fullmatch(stem):
                faces.setdefault(face[1], []).extend(names)
        if not faces:
            raise not_found(
                root, "Face Synthetics has 000000.png, 000000_ldmks.txt, …; set data.root to their folder"
            )
        for number, files in sorted(faces.items()):
            yield Sample(
                id=number,
                fold="test" if int(number) >= self.config.first_test else "train",
                subset="synthetic",
                photo=number,
                files=tuple(files),
            )

    def load(self, sample: Sample) -> FaceRecord:
        """The image and its landmarks; the frame's origin moves from the corner of a pixel to its center."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        picture, annotation = f"{sample.id}.png", f"{sample.id}_ldmks.txt"
        for name in (picture, annotation):
            if name not in sample.files:
                raise BadSample(sample.files[0], f"{name} belongs beside it; fetch it again")
        schema = load_schema(self.schema)
        points_N2 = read_pts(self.path(annotation), annotation, load_schema("ibug70"))[: schema.size] - _ORIGIN
        return FaceRecord(
            image=read_photo(self.path(picture), picture),
            points=points_N2,
            visible=np.ones(schema.size, dtype=np.bool_),
        )
