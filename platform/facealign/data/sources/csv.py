"""Faces of your own, in a table that any program can write.

The first line names the columns, in any order; each further line is one face:

- ``image``: the image, below the folder of images. Several faces of one image are several rows.
- ``x_0``, ``y_0``, …: the landmarks, pixels. Both cells empty: unknown.
- ``visible_0``, …: 1 where the landmark is to be seen, 0 where it is hidden; for all landmarks or for none.
- ``box_x0``, ``box_y0``, ``box_x1``, ``box_y1``: the face's box, pixels.
- ``fold``: train or test. Without it the option that names the table says which.
- ``subset``: the group that results are reported for. Without it, the table's name.
- ``photo``: what images of one photo (or one video, or one person) share, so that none straddles two folds.
  Without it, the image's name.
- ``attribute_NAME``: 1 or 0.
- Columns whose names begin with ``_`` are passed over; any other is refused, lest a misspelled one be missed.

Only ``image`` and the landmarks are needed.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from facealign.config import Settings, UserError
from facealign.data.sources.annotated import AnnotatedFace, AnnotatedSource
from facealign.data.sources.base import SOURCES
from facealign.data.sources.tables import SourceRow, read_table
from facealign.geometry import LandmarkSchema

_BOX = ("box_x0", "box_y0", "box_x1", "box_y1")
_TEXT = ("image", "fold", "subset", "photo")
_NUMBERED = re.compile(r"(x|y|visible)_(0|[1-9]\d{0,5})")
_ATTRIBUTE = "attribute_"


@SOURCES.register("csv")
class Csv(AnnotatedSource):
    """Tables below the root, images in a folder below it."""

    class Config(Settings):
        """Which tables, and how they count."""

        train: tuple[str, ...] = Field(
            default=("train.csv",), description="tables of training faces, below the root"
        )
        test: tuple[str, ...] = Field(
            default=("test.csv",), description="tables of test faces; [] where a `fold` column says which are"
        )
        images: str = Field(default=".", description="folder that `image` begins in, below the root")
        origin: Literal["zero", "one"] = Field(default="zero", description="number of the first pixel")

    @property
    def origin(self) -> int:
        """The pixel origin that the option names."""
        return int(self.config.origin == "one")

    def faces_of(
        self, name: str, fold: Literal["train", "test"], schema: LandmarkSchema
    ) -> Iterator[AnnotatedFace]:
        """The rows of one table."""
        path = self.table(name, fold)
        columns, rows = read_table(path)
        _check_columns(columns, str(path), schema)
        reader = _Reader(columns, name, fold, schema)
        yield from map(reader.face, rows)


class _Reader:
    """Rows of one table → faces."""

    def __init__(
        self, columns: list[str], name: str, fold: Literal["train", "test"], schema: LandmarkSchema
    ) -> None:
        at = {column: i for i, column in enumerate(columns)}
        self._name, self._fold, self._subset = name, fold, PurePosixPath(name).stem
        self._text = {column: at[column] for column in _TEXT if column in at}
        self._points = [at[f"{axis}_{k}"] for k in range(schema.size) for axis in "xy"]
        self._visible = [at[f"visible_{k}"] for k in range(schema.size) if f"visible_{k}" in at]
        self._box = [at[column] for column in _BOX if column in at]
        self._attributes = {c.removeprefix(_ATTRIBUTE): i for c, i in at.items() if c.startswith(_ATTRIBUTE)}

    def face(self, row: SourceRow) -> AnnotatedFace:
        """One row; one that cannot be used says why."""
        place = f"{self._name}:{row.number}"
        cells = [cell.strip() for cell in row.cells]
        text = {} if row.problem else {column: cells[i] for column, i in self._text.items()}
        fold = text.get("fold", self._fold)
        problem = row.problem
        if fold not in ("train", "test"):
            problem, fold = f"fold is {fold[:40]!r}; train or test is needed", self._fold
        subset = text.get("subset") or self._subset
        if not subset.isprintable():
            problem, subset = f"subset {subset[:40]!a} has control characters", self._subset
        if problem:
            return AnnotatedFace(
                place=place, row=row.number, fold=self._fold, subset=self._subset, problem=problem
            )
        return AnnotatedFace(
            place=place,
            row=row.number,
            image=text["image"],
            fold="test" if fold == "test" else "train",
            subset=subset,
            photo=text.get("photo", ""),
            points=[cells[i] for i in self._points],
            visible=[cells[i] for i in self._visible],
            box=[cells[i] for i in self._box],
            attributes={name: cells[i] for name, i in self._attributes.items()},
        )


def _check_columns(columns: list[str], path: str, schema: LandmarkSchema) -> None:
    """Refuse a table that is not of the format.

    Raises:
        UserError: Names everything that is wrong with the first line.
    """
    wrong = []
    if "image" not in columns:
        separator = next((mark for mark in (";", "\t") if mark in "".join(columns)), None)
        wrong.append(
            f"cells seem to be separated by {separator!r}; separate them by commas"
            if separator
            else "has no column `image`"
        )
    double = sorted({column for column in columns if columns.count(column) > 1})
    numbered: dict[str, set[int]] = {"x": set(), "y": set(), "visible": set()}
    strange = []
    for column in columns:
        if match := _NUMBERED.fullmatch(column):
            numbered[match[1]].add(int(match[2]))
        elif column not in (*_TEXT, *_BOX) and not column.startswith(("_", _ATTRIBUTE)):
            strange.append(column[:40])
    wanted = set(range(schema.size))
    for kind, found in numbered.items():
        if found != wanted and not (kind == "visible" and not found):
            wrong.append(
                f"has {len(found)} columns {kind}_k, {schema.name} has {schema.size} landmarks: "
                f"{kind}_0…{kind}_{schema.size - 1} (data.landmarks names the schema)"
            )
    if 0 < sum(column in columns for column in _BOX) < len(_BOX):
        wrong.append(f"has a part of the columns {', '.join(_BOX)}; give all or none")
    if double:
        wrong.append(f"names columns twice: {', '.join(double)}")
    if strange and "image" in columns:
        wrong.append(
            f"columns {', '.join(strange[:5])} are unknown; yes/no labels are attribute_NAME, and a column whose "
            "name begins with _ is passed over"
        )
    if wrong:
        raise UserError(f"{path}:1: " + "; ".join(wrong))
