"""COFW, Caltech Occluded Faces in the Wild (Burgos-Artizzu et al., ICCV 2013): 29 landmarks, some hidden.

1345 faces for training (845 of LFPW, then 500 of COFW itself) and 507 for testing, one to a photo. Images and
annotations are in two MATLAB files of version 7.3. A row of ``phisTr`` is 29 x, 29 y, 29 × whether it is hidden;
``bboxesTr`` has x, y, width, height. All are 1-based, as MATLAB is.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import not_found
from facealign.data.sources.hdf5 import MatFile73
from facealign.data.sources.listing import as_line, from_line

if TYPE_CHECKING:
    from facealign.data.images import Image8

TEST_FILE = "COFW_test_color.mat"
TEST_IMAGES = "IsT"
_FILES: dict[Literal["train", "test"], tuple[str, str, str, str]] = {
    "test": (TEST_FILE, TEST_IMAGES, "phisT", "bboxesT"),
    "train": ("COFW_train_color.mat", "IsTr", "phisTr", "bboxesTr"),
}
_LANDMARKS = 29
_TRAINING_FACES, _OF_LFPW = 1345, 845


@SOURCES.register("cofw")
class COFW(Source):
    """COFW_train_color.mat and COFW_test_color.mat below the root, or one of them."""

    schemas = ("cofw29",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each image of the files."""
        root = self.folder()
        present = [fold for fold, (file, *_) in _FILES.items() if (root / file).is_file()]
        if not present:
            raise not_found(root, f"COFW in color is {' and '.join(file for file, *_ in _FILES.values())}")
        for fold in present:
            yield from _rows(root, fold)

    def load(self, sample: Sample) -> FaceRecord:
        """The photo, its landmarks and box, moved from MATLAB's 1-based pixels to 0-based ones."""
        file, image_files, *_ = _FILES[sample.fold]
        place = f"{file}:{sample.row + 1}"
        row = from_line(sample.line)
        x_N, y_N, hidden_N = np.array(row["phis"]).reshape(3, _LANDMARKS)
        points_N2 = np.stack([x_N, y_N], axis=1) - 1.0
        if not np.isfinite(points_N2).all():
            raise BadSample(place, "a coordinate is not finite; fetch the file again")
        if not np.isin(hidden_N, (0, 1)).all():
            raise BadSample(
                place, f"says {hidden_N[~np.isin(hidden_N, (0, 1))][0]} where 0 or 1 tells what is hidden"
            )
        return FaceRecord(
            image=read_cell_image(self.path(file), file, image_files, sample.row),
            points=points_N2,
            visible=hidden_N == 0,
            box=corners(row["box"]),
        )

    def fingerprint(self, sample: Sample) -> str:
        """Digest the row and its image, not the file, which holds all images."""
        file, image_files, *_ = _FILES[sample.fold]
        picture = read_cell_image(self.path(file), file, image_files, sample.row)
        return digest_of(sample, picture)


def corners(box: list[float]) -> NDArray[np.float64]:
    """MATLAB's (x, y, width, height), 1-based → (x0, y0, x1, y1), 0-based."""
    x, y, width, height = box
    return np.array([x, y, x + width, y + height]) - 1.0


def read_cell_image(path: Path, place: str, name: str, index: int) -> "Image8":
    """The image in cell ``index``, counted from 0, of the cell array ``name``; a gray one gets three channels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        BadSample: There is none, or it is not an 8-bit image.
    """
    with MatFile73(path, place) as file:
        picture = file.cell(name, index)
    if (
        picture.dtype != np.uint8
        or picture.ndim not in (2, 3)
        or 0 in picture.shape
        or picture.shape[2:] not in ((), (3,))
    ):
        shape = " × ".join(map(str, picture.shape))
        raise BadSample(
            f"{place}:{name}{{{index + 1}}}",
            f"is {shape} of {picture.dtype}; an image is H × W or H × W × 3 of uint8",
        )
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return np.ascontiguousarray(picture)


def digest_of(sample: Sample, picture: "Image8") -> str:
    """SHA-256, hexadecimal, of the sample's annotation and image."""
    sha = hashlib.sha256(f"{sample.id}\0{sample.row}\0{sample.line}\0{picture.shape}".encode())
    sha.update(picture.tobytes())
    return sha.hexdigest()


def _rows(root: Path, fold: Literal["train", "test"]) -> Iterator[Sample]:
    file, image_files, phis, boxes = _FILES[fold]
    with MatFile73(root / file, str(root / file)) as mat:
        count = mat.cells(image_files)
        phis_FK, boxes_F4 = mat.matrix(phis, 3 * _LANDMARKS), mat.matrix(boxes, 4)
    if not count == len(phis_FK) == len(boxes_F4):
        raise BadSample(
            str(root / file),
            f"{image_files} has {count} images, {phis} {len(phis_FK)} rows and {boxes} {len(boxes_F4)}; "
            "they belong together: fetch the file again",
        )
    for i in range(count):
        of_lfpw = fold == "train" and count == _TRAINING_FACES and i < _OF_LFPW
        name = f"{fold}/{i + 1:05d}"
        yield Sample(
            id=name,
            fold=fold,
            subset="lfpw" if of_lfpw else "cofw",
            photo=name,
            files=(file,),
            row=i,
            line=as_line({"phis": phis_FK[i].tolist(), "box": boxes_F4[i].tolist()}),
        )
