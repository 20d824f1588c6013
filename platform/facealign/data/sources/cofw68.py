"""COFW-68 (Ghiasi and Fowlkes, arXiv:1506.08347): COFW's 507 test faces with the 68 landmarks of 300-W.

For testing alone, most often of models that were trained on 300-W. Each landmark is marked if it is hidden. The
annotations are one MATLAB file of version 5 for each image, the images are those of ``COFW_test_color.mat``,
and the boxes, x, y, width, height, are from the detector that 300-W used. All are 1-based, as MATLAB is.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facealign.config import digest_file
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.cofw import TEST_FILE, TEST_IMAGES, corners, digest_of, read_cell_image
from facealign.data.sources.files import not_found
from facealign.data.sources.hdf5 import MatFile73
from facealign.data.sources.listing import as_line, from_line
from facealign.data.sources.matlab import read_mat5

_FOLDER = "test_annotations"
_BOXES = "cofw68_test_bboxes.mat"
_NAME = re.compile(r"([1-9][0-9]{0,5})_points\.mat")


@SOURCES.register("cofw68")
class COFW68(Source):
    """The benchmark's folder COFW68_Data, with COFW_test_color.mat put into it; the boxes' file may be missing."""

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each image or annotation; what is missing shows on loading."""
        root = self.folder()
        if not (root / _FOLDER).is_dir() or not (root / TEST_FILE).is_file():
            raise not_found(root, f"COFW-68 is the folder {_FOLDER}, and {TEST_FILE} beside it")
        with MatFile73(root / TEST_FILE, str(root / TEST_FILE)) as mat:
            image_files = mat.cells(TEST_IMAGES)
        annotated = (_NAME.fullmatch(entry.name) for entry in (root / _FOLDER).iterdir())
        numbers = set(range(1, image_files + 1)) | {int(match[1]) for match in annotated if match}
        boxes = _read_boxes(root, image_files)
        for number in sorted(numbers):
            name = f"test/{number:05d}"
            box = boxes[number - 1] if 0 < number <= len(boxes) else None
            yield Sample(
                id=name,
                fold="test",
                subset="cofw68",
                photo=name,
                files=(TEST_FILE, f"{_FOLDER}/{number}_points.mat"),
                row=number - 1,
                line=as_line({"box": box}),
            )

    def load(self, sample: Sample) -> FaceRecord:
        """The photo, its landmarks and box, moved from MATLAB's 1-based pixels to 0-based ones."""
        image_files, annotation = sample.files
        found = read_mat5(self.path(annotation), annotation, {"Points": (68, 2), "Occ": (1, 68)})
        if not np.isfinite(found["Points"]).all():
            raise BadSample(annotation, "a coordinate is not finite; fetch the file again")
        hidden_N = found["Occ"][0]
        if not np.isin(hidden_N, (0, 1)).all():
            raise BadSample(annotation, "Occ must be 0 or 1 for each landmark; fetch the file again")
        box = from_line(sample.line)["box"]
        return FaceRecord(
            image=read_cell_image(self.path(image_files), image_files, TEST_IMAGES, sample.row),
            points=found["Points"] - 1.0,
            visible=hidden_N == 0,
            box=None if box is None else corners(box),
        )

    def fingerprint(self, sample: Sample) -> str:
        """Digest the image and the annotation, not the file, which holds all images."""
        image_files, annotation = sample.files
        picture = read_cell_image(self.path(image_files), image_files, TEST_IMAGES, sample.row)
        return digest_of(sample, picture) + digest_file(self.path(annotation))


def _read_boxes(root: Path, image_files: int) -> list[list[float]]:
    if not (root / _BOXES).is_file():
        return []
    boxes_F4 = read_mat5(root / _BOXES, str(root / _BOXES), {"bboxes": (None, 4)})["bboxes"]
    if len(boxes_F4) != image_files:
        raise BadSample(
            str(root / _BOXES), f"bboxes has {len(boxes_F4)} rows for {image_files} images; fetch the file again"
        )
    boxes: list[list[float]] = boxes_F4.tolist()
    return boxes
