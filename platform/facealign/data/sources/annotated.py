"""Base of the generic formats: tables of faces below a root, each row naming its image and its landmarks.

A format's own file turns its rows into ``AnnotatedFace``; ids, order, photos, numbers and images are seen to
here.
"""

import json
import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import Sample, Source
from facealign.data.sources.files import what_is_in
from facealign.geometry import LandmarkSchema, load_schema

Value = str | float | int | None
"""A number as a format writes it: the text of a cell, or a JSON number. Nothing (None, ``""``) is unknown."""
_LONGEST_NAME = 1024
_CELLS = ";"


@dataclass(frozen=True, kw_only=True)
class AnnotatedFace:
    """One row, its numbers not parsed yet: listing a large data set must be quick.

    Attributes:
        place: What messages call the row: ``faces.csv:17``.
        row: Its number.
        image: The image, below the folder of images.
        fold: Published fold.
        subset: The group that results are reported for.
        photo: What the faces of one photo share; empty: the image's name.
        points: x0, y0, x1, y1, …
        visible: Yes or no for each landmark, None for what is known by its coordinates alone; empty: all.
        box: x0, y0, x1, y1; empty: none.
        square: Center x, center y, side; empty: none.
        attributes: Yes/no labels.
        problem: Why the row cannot be used, with the remedy; empty: it may be.
    """

    place: str
    row: int
    image: str = ""
    fold: Literal["train", "test"]
    subset: str
    photo: str = ""
    points: Sequence[Value] = ()
    visible: Sequence[Value | bool] = ()
    box: Sequence[Value] = ()
    square: Sequence[Value] = ()
    attributes: dict[str, Value] = field(default_factory=dict)
    problem: str = ""


class AnnotatedSource(Source):
    """A source whose annotations are rows of a few tables. Its schema may be any."""

    schemas = None

    @abstractmethod
    def faces_of(
        self, name: str, fold: Literal["train", "test"], schema: LandmarkSchema
    ) -> Iterator[AnnotatedFace]:
        """Every row of a table that the options ``train`` or ``test`` name.

        Raises:
            UserError: The table is missing, or is not of the format.
        """

    @property
    @abstractmethod
    def origin(self) -> int:
        """The coordinate of the center of the top-left pixel in this format: 0 or 1."""

    def samples(self) -> Iterator[Sample]:
        """One for each row; a malformed one is a sample that does not load."""
        seen: Counter[str] = Counter()
        schema = load_schema(self.schema)
        folds: tuple[tuple[Literal["train", "test"], tuple[str, ...]], ...] = (
            ("train", self.config.train),
            ("test", self.config.test),
        )
        listed = [
            self._sample(face, seen)
            for fold, names in folds
            for name in names
            for face in self.faces_of(name, fold, schema)
        ]
        if not listed:
            raise UserError(f"{self.root}: the tables of source data.{self._name()} hold no face")
        yield from sorted(listed, key=lambda sample: sample.id)

    def load(self, sample: Sample) -> FaceRecord:
        """The photo, and the row's numbers in 0-based pixels."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        row = json.loads(sample.line)
        place = row["place"]
        if "problem" in row:
            raise BadSample(place, row["problem"])
        schema = load_schema(self.schema)
        points = row["points"]
        values = points.split(_CELLS) if isinstance(points, str) else points
        points_N2 = _points(values, place, schema) - self.origin
        known_N = np.asarray(np.isfinite(points_N2).all(axis=1))
        visible_N = _visible(row.get("visible", ()), place, known_N)
        box, square = (_numbers(row.get(key, ()), place, key) for key in ("box", "square"))
        return FaceRecord(
            image=read_photo(self.path(sample.files[0]), sample.files[0]),
            points=points_N2,
            visible=visible_N,
            box=None if box is None else box - self.origin,
            square=None if square is None else square - [self.origin, self.origin, 0],
            attributes={name: _yes_or_no(value, place, name) for name, value in row.get("attributes", {}).items()},
        )

    def table(self, name: str, key: str) -> Path:
        """The path of a table that the options name.

        Raises:
            UserError: There is no such file.
        """
        path = self.path(name)
        if not path.is_file():
            raise UserError(
                f"{path}: no such file; the root holds {what_is_in(self.folder())}. Set data.{self._name()}.{key} "
                "to the names of the annotation files below data.root"
            )
        return path

    def _name(self) -> str:
        return type(self).__module__.rsplit(".", 1)[1]

    def _sample(self, face: AnnotatedFace, seen: Counter[str]) -> Sample:
        problem = face.problem or _problem_of_name(face.image)
        named = f"{face.subset}/{face.image}" if not problem else f"{face.subset}/row {face.row:07d}"
        seen[named] += 1
        again = f"#{seen[named]}" if seen[named] > 1 else ""
        content = {
            # One text, where the cells are text: JSON of a long list is slow.
            "points": _CELLS.join(face.points) if _all_text(face.points) else face.points,
            "visible": face.visible,
            "box": face.box,
            "square": face.square,
            "attributes": face.attributes,
        }
        said = {"problem": problem} if problem else {key: value for key, value in content.items() if value}
        return Sample(
            id=named + again,
            fold=face.fold,
            subset=face.subset,
            photo=named if problem else face.photo or face.image,
            files=() if problem else (str(PurePosixPath(self.config.images) / face.image),),
            row=face.row,
            line=json.dumps({"place": face.place, "points": [], **said}),
        )


def _all_text(values: Sequence[Value]) -> TypeGuard[Sequence[str]]:
    return all(type(value) is str for value in values)


def _problem_of_name(image: str) -> str:
    if not image:
        return "names no image; name a file below the folder of images"
    if not image.isprintable() or len(image) > _LONGEST_NAME:
        return f"the image's name {image[:60]!a} has control characters or is too long; rename the file"
    return ""


def _points(values: Sequence[Value], place: str, schema: LandmarkSchema) -> NDArray[np.float64]:
    """(N, 2), NaN where unknown."""
    if len(values) != 2 * schema.size:
        raise BadSample(
            place, f"holds {len(values) / 2:g} landmarks, {schema.name} has {schema.size}; fix the row"
        )
    points_N2 = np.array([_number(value, place, "a coordinate") for value in values]).reshape(-1, 2)
    halves = np.flatnonzero(np.isnan(points_N2).sum(axis=1) == 1)
    if halves.size:
        raise BadSample(place, f"landmark {halves[0]} has one coordinate of two; give both or none")
    return points_N2


def _numbers(values: Sequence[Value], place: str, what: str) -> NDArray[np.float64] | None:
    """Parse numbers; return None where the row gives none."""
    numbers = np.array([_number(value, place, what) for value in values])
    if np.isnan(numbers).all():
        return None
    if np.isnan(numbers).any():
        raise BadSample(place, f"{what} lacks a number; give all {len(values)} or none")
    return numbers


def _number(value: Any, place: str, what: str) -> float:
    """NaN for nothing, ``""`` and ``nan``."""
    if value is None or value == "":
        return math.nan
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, bool):
        raise BadSample(
            place, f"{what} is {str(value)[:40]!r}; a number is needed, or nothing where it is unknown"
        )
    if math.isinf(number):
        raise BadSample(place, f"{what} is {str(value)[:40]!r}; a number must be finite")
    return number


def _visible(values: Sequence[Any], place: str, known_N: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Unknown landmarks are never visible."""
    if not values:
        return known_N.copy()
    if len(values) != len(known_N):
        raise BadSample(
            place, f"says of {len(values)} landmarks whether they are visible; there are {len(known_N)}"
        )
    said = [value in (None, "") or _yes_or_no(value, place, "visibility") for value in values]
    return np.array(said, dtype=np.bool_) & known_N


_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _yes_or_no(value: Any, place: str, what: str) -> bool:
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise BadSample(place, f"{what} is {str(value)[:40]!r}; 1 or 0 is needed (or true, false, yes, no)")
    return _WORDS[word]
