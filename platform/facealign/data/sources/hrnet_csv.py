"""The tables that HRNet's facial-landmark code made common: one row for each face, with the square to cut.

Sun et al., "High-Resolution Representations for Labeling Pixels and Regions", arXiv:1904.04514; many projects use
their files ``face_landmarks_300w_*.csv``, ``face_landmarks_wflw_*.csv`` and ``face_landmarks_aflw_*.csv``.

The first line names the columns: ``image_name,scale,center_w,center_h,original_0_x,original_0_y,…``; AFLW's has
``box_size`` after ``scale``. Some tables count landmarks from 1. The square to cut has its center at (center_w,
center_h) and sides of 200·scale pixels; HRNet then enlarges it by 1.25, which is ``data.crop.margin`` here.
HRNet learns nothing from a landmark whose y is not positive; the pairs (0, 0) and (−1, −1) are unknown landmarks.

Pixels count from 1 in the rows of 300-W (they repeat its ``.pts`` to the last digit) and from 0 in those of
WFLW, which repeat its lists. What AFLW's count from is not published, and is taken to be 0.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from facealign.config import Settings, UserError, printable
from facealign.data.sources.annotated import AnnotatedFace, AnnotatedSource, Value
from facealign.data.sources.base import SOURCES
from facealign.data.sources.tables import read_table
from facealign.geometry import LandmarkSchema

_PIXELS_OF_SCALE = 200
_FIXED = ("image_name", "scale", "center_w", "center_h")
_COORDINATE = re.compile(r"original_(\d+)_([xy])")
_UNKNOWN = ((0.0, 0.0), (-1.0, -1.0))
_FACE_OF_PHOTO = re.compile(r"(?<=\d)_\d+$")


@SOURCES.register("hrnet_csv")
class HrnetCsv(AnnotatedSource):
    """Tables below the root, images in a folder below it."""

    class Config(Settings):
        """Which tables."""

        train: tuple[str, ...] = Field(
            default=("face_landmarks_300w_train.csv",), description="tables of training faces, below the root"
        )
        test: tuple[str, ...] = Field(
            default=("face_landmarks_300w_valid_common.csv", "face_landmarks_300w_valid_challenge.csv"),
            description="tables of test faces; each table's name is its subset",
        )
        images: str = Field(default="images", description="folder that `image_name` begins in, below the root")
        origin: Literal["schema", "zero", "one"] = Field(
            default="schema",
            description="number of the first pixel; schema: one for ibug68 (300-W), zero for every other",
        )

    @property
    def origin(self) -> int:
        """1 for 300-W, 0 for the others, unless the option says otherwise."""
        said: str = self.config.origin
        return int(self.schema == "ibug68") if said == "schema" else int(said == "one")

    def faces_of(
        self, name: str, fold: Literal["train", "test"], schema: LandmarkSchema
    ) -> Iterator[AnnotatedFace]:
        """The rows of one table."""
        path = self.table(name, fold)
        columns, rows = read_table(path)
        image, scale, x, y, *coordinates = _places(columns, str(path), schema)
        subset = PurePosixPath(name).stem
        for row in rows:
            place = f"{name}:{row.number}"
            if row.problem:
                yield AnnotatedFace(place=place, row=row.number, fold=fold, subset=subset, problem=row.problem)
                continue
            cells = row.cells
            yield AnnotatedFace(
                place=place,
                row=row.number,
                image=cells[image],
                fold=fold,
                subset=subset,
                photo=_photo(cells[image]),
                points=_unknown_emptied([cells[i] for i in coordinates]),
                square=(cells[x], cells[y], _side(cells[scale])),
            )


def _places(columns: list[str], path: str, schema: LandmarkSchema) -> list[int]:
    """Where image_name, scale, center_w, center_h and then x, y of every landmark stand in a row.

    Raises:
        UserError: A column is missing, or the landmarks are not those of the schema.
    """
    missing = [name for name in _FIXED if name not in columns]
    if missing:
        raise UserError(
            f"{path}:1: has no column {', '.join(missing)}; a table of HRNet begins with {','.join(_FIXED)}, then "
            f"original_0_x,original_0_y,…; found {printable(','.join(columns), 80)}"
        )
    found = {
        (int(match[1]), match[2]): i for i, name in enumerate(columns) if (match := _COORDINATE.fullmatch(name))
    }
    first = 0 if (0, "x") in found else 1
    wanted = [(first + k, axis) for k in range(schema.size) for axis in "xy"]
    if set(found) != set(wanted):
        raise UserError(
            f"{path}:1: has {len(found) / 2:g} landmarks original_k_x, original_k_y; {schema.name} has "
            f"{schema.size}, numbered on from 0 or 1; set data.landmarks to the table's schema"
        )
    return [*(columns.index(name) for name in _FIXED), *(found[key] for key in wanted)]


def _photo(image: str) -> str:
    """iBUG's ``134212_2.jpg`` is the second face of photo 134212; a mirrored copy is of the same photo."""
    path = PurePosixPath(image)
    numbered = path.parts[:1] in (("afw",), ("helen",), ("ibug",))
    stem = path.stem.removesuffix("_mirror")
    return str(path.parent / (_FACE_OF_PHOTO.sub("", stem) if numbered else stem)) if stem else image


def _unknown_emptied(cells: list[str]) -> list[Value]:
    emptied: list[Value] = list(cells)
    for i in range(0, len(cells), 2):
        # Looked at as text first: parsing every number here would make listing slow.
        if cells[i][:2] in ("0", "0.", "-1", "-0") and _pair(cells[i : i + 2]) in _UNKNOWN:
            emptied[i : i + 2] = ["", ""]
    return emptied


def _pair(cells: list[str]) -> tuple[float, ...]:
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        return ()


def _side(scale: str) -> Value:
    """Convert the scale to the side of a square; a value that is no number stays, and is refused on loading."""
    try:
        return _PIXELS_OF_SCALE * float(scale)
    except ValueError:
        return scale
