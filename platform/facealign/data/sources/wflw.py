"""WFLW, Wider Facial Landmarks in-the-Wild (Wu et al., "Look at Boundary", CVPR 2018): 98 landmarks.

7500 faces for training and 2500 for testing, of WIDER FACE's photos; one photo may hold several of them. Each
has six yes/no attributes, which are the six test subsets: pose 326, expression 314, illumination 698, make-up
206, occlusion 736, blur 773. So results for them follow from the attributes, and the lists of ``list_98pt_test``
are not needed.

A row is 196 coordinates, a rectangle (x_min, y_min, x_max, y_max), six attributes and the image's name. Hidden
landmarks are annotated like the others and not marked. The coordinates are taken as 0-based, as every published
result takes them; the lists do not say, but rectangles begin at 0.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from facealign.data.record import WFLW_ATTRIBUTES, BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import not_found
from facealign.data.sources.listing import file_name, finite_numbers, text_rows

_PICTURES = "WFLW_images"
_FOLDER = "WFLW_annotations/list_98pt_rect_attr_train_test"
_LISTS: dict[Literal["train", "test"], str] = {
    "test": f"{_FOLDER}/list_98pt_rect_attr_test.txt",
    "train": f"{_FOLDER}/list_98pt_rect_attr_train.txt",
}
_COORDINATES, _BOX, _ATTRIBUTES = 196, 4, 6
_FIELDS = _COORDINATES + _BOX + _ATTRIBUTES + 1
_WRONG_BOXES = frozenset(
    {
        ("12--Group/12_Group_Group_12_Group_Group_12_839.jpg", (710, 58, 948, 370)),
        ("28--Sports_Fan/28_Sports_Fan_Sports_Fan_28_959.jpg", (496, 50, 956, 706)),
    }
)
"""Rows 1035 and 2748 of the training list: the rectangle is about another face. The landmarks are right."""


@SOURCES.register("wflw")
class WFLW(Source):
    """The folders WFLW_images and WFLW_annotations below the root, as the two archives unpack.

    The box of the two rows whose rectangle is known to be wrong is dropped: crops that follow the landmarks use
    these faces, crops that follow the published box leave them out and say so.
    """

    schemas = ("wflw98",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each row; one that is not of the format shows on loading."""
        root = self.folder()
        present = [(fold, name) for fold, name in _LISTS.items() if (root / name).is_file()]
        if not present or not (root / _PICTURES).is_dir():
            raise not_found(root, f"WFLW has the folders {_PICTURES} and {_FOLDER}; set data.root above them")
        for fold, name in present:
            yield from sorted(_rows(root / name, fold), key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The photo, its landmarks, box and attributes."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        place = f"{_LISTS[sample.fold]}:{sample.row}"
        fields = sample.line.split()
        if len(fields) != _FIELDS:
            hint = "; rows of 197 are of list_98pt_test, not of this list" if len(fields) == 197 else ""
            raise BadSample(place, f"holds {len(fields)} fields, a row of WFLW has {_FIELDS}{hint}")
        name = file_name(fields[-1], place)
        numbers = np.array(finite_numbers(fields[: _COORDINATES + _BOX], place))
        points_N2 = numbers[:_COORDINATES].reshape(-1, 2)
        box = numbers[_COORDINATES:]
        return FaceRecord(
            image=read_photo(self.path(f"{_PICTURES}/{name}"), f"{_PICTURES}/{name}"),
            points=points_N2,
            visible=np.ones(len(points_N2), dtype=np.bool_),
            box=None if (name, tuple(box)) in _WRONG_BOXES else box,
            attributes=_attributes(fields[_COORDINATES + _BOX : -1], place),
        )


def _rows(path: Path, fold: Literal["train", "test"]) -> Iterator[Sample]:
    """Faces of one photo are numbered as they come; a row whose image is not known has its line's number."""
    faces: dict[str, int] = {}
    for number, text in text_rows(path):
        fields = text.split()
        files: tuple[str, ...] = ()
        name = fields[-1]
        if len(fields) == _FIELDS and name.isprintable() and "\\" not in name:
            faces[name] = faces.get(name, 0) + 1
            face, photo, files = f"{name}/{faces[name]}", name, (f"{_PICTURES}/{name}",)
        else:
            face = photo = f"line {number:05d}"
        yield Sample(
            id=f"{fold}/{face}", fold=fold, subset="wflw", photo=photo, files=files, row=number, line=text
        )


def _attributes(fields: list[str], place: str) -> dict[str, bool]:
    if not set(fields) <= {"0", "1"}:
        raise BadSample(place, f"found the attributes {' '.join(fields)[:40]!r}; each is 0 or 1")
    return {name: field == "1" for name, field in zip(WFLW_ATTRIBUTES, fields, strict=True)}
