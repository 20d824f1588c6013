"""Files of predictions: JSON as COCO has it, a CSV table, or a folder of ``.pts``.

JSON is an object with ``images`` and ``annotations``, or a list of results; of each entry count ``keypoints``: x,
y, v for each landmark (v is not looked at), and what names the face: an ``id`` that is text, else the
``file_name`` of the image that ``image_id`` is of, else an ``image_id`` that is text.

A table names its columns in its first line: ``id`` or ``image``, and ``x_0``, ``y_0``, …; other columns are passed
over.

A folder holds a ``.pts`` for each face, named as the face is: ``helen/testset/3050276160_1.pts``. As all of that
format are, they are taken as 1-based.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError, open_file
from facealign.data.record import BadSample
from facealign.data.sources.pts import read_pts
from facealign.data.sources.tables import read_table
from facealign.geometry import LandmarkSchema

# One face's landmarks as a file of predictions has them.


@dataclass(frozen=True)
class ExternalPrediction:
    """A prediction.

    Attributes:
        place: What messages call it: ``found.csv:17``.
        name: The face's id, or its photo.
        points: (N, 2) float64, pixels of the photo, 0-based.
    """

    place: str
    name: str
    points: NDArray[np.float64]


def points_from(values: Sequence[Any], size: int, place: str) -> NDArray[np.float64]:
    """x0, y0, x1, y1, … as (N, 2).

    Raises:
        UserError: They are not ``size`` pairs of finite numbers.
    """
    if len(values) != 2 * size:
        raise UserError(f"{place}: has {len(values) / 2:g} landmarks, the faces have {size}: another schema?")
    numbers = [_number(value, place) for value in values]
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)


def _number(value: Any, place: str) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise UserError(
            f"{place}: a coordinate is {str(value)[:40]!r}; every landmark must be predicted, as finite numbers"
        )
    return number


Origin = Literal["zero", "one"]


def read_predictions(path: Path, schema: LandmarkSchema, origin: Origin = "zero") -> list[ExternalPrediction]:
    """The predictions in a file or a folder, in its order.

    Args:
        path: A folder is of ``.pts``; a file's ending tells its format, ``.json`` or ``.csv``.
        schema: Of the landmarks.
        origin: What JSON and CSV call the center of the top-left pixel; a ``.pts`` calls it 1.

    Raises:
        UserError: There is no such file, it is of none of the formats, holds nothing, or a prediction is not one
            of the schema's landmarks; names the place.
    """
    if path.is_dir():
        found = list(_of_folder(path, schema))
    elif not path.exists():
        raise UserError(f"{path}: no such file or folder of predictions")
    elif path.suffix.lower() in (".json", ".csv"):
        read = _of_json if path.suffix.lower() == ".json" else _of_table
        shift = 1.0 if origin == "one" else 0.0
        found = [ExternalPrediction(one.place, one.name, one.points - shift) for one in read(path, schema.size)]
    else:
        raise UserError(f"{path}: ends neither in .json nor in .csv, and is no folder of .pts; convert it to one")
    if not found:
        raise UserError(f"{path}: holds no prediction")
    return found


def _of_folder(folder: Path, schema: LandmarkSchema) -> Iterator[ExternalPrediction]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".pts":
            name = path.relative_to(folder).as_posix()
            try:
                yield ExternalPrediction(str(path), name[: -len(".pts")], read_pts(path, str(path), schema) - 1.0)
            except BadSample as error:
                raise UserError(f"{error}; every face needs a prediction that reads") from None


def _of_table(path: Path, size: int) -> Iterator[ExternalPrediction]:
    columns, rows = read_table(path)
    at = {column: i for i, column in enumerate(columns)}
    naming = next((at[column] for column in ("id", "image") if column in at), None)
    if naming is None:
        raise UserError(f"{path}:1: has neither a column `id` nor `image`, which name the face")
    numbered = sum(column.startswith(("x_", "y_")) for column in columns)
    wanted = [f"{axis}_{k}" for k in range(size) for axis in "xy"]
    lacking = [column for column in wanted if column not in at]
    if lacking or numbered != len(wanted):
        what = f"lacks {', '.join(lacking[:4])}" if lacking else f"has {numbered / 2:g} landmarks"
        raise UserError(
            f"{path}:1: {what}; the faces have {size} landmarks, x_0, y_0 … x_{size - 1}, y_{size - 1}"
        )
    for row in rows:
        place = f"{path}:{row.number}"
        if row.problem:
            raise UserError(f"{place}: {row.problem}")
        cells = [row.cells[at[column]].strip() for column in wanted]
        yield ExternalPrediction(place, row.cells[naming].strip(), points_from(cells, size, place))


def _of_json(path: Path, size: int) -> Iterator[ExternalPrediction]:
    tree = _tree(path)
    entries, images = (tree, []) if isinstance(tree, list) else (tree.get("annotations"), tree.get("images", []))
    if not isinstance(entries, list) or not isinstance(images, list):
        raise UserError(f"{path}: is neither a list of results nor an object with `images` and `annotations`")
    files = {
        image["id"]: image["file_name"]
        for image in images
        if isinstance(image, dict)
        and isinstance(image.get("file_name"), str)
        and isinstance(image.get("id"), int | str)
    }
    for number, entry in enumerate(entries):
        place = f"{path}: entry {number}"
        if not isinstance(entry, dict) or not isinstance(keypoints := entry.get("keypoints"), list):
            raise UserError(f"{place}: has no list `keypoints`")
        if len(keypoints) % 3:
            raise UserError(
                f"{place}: `keypoints` has {len(keypoints)} numbers; x, y, v for each landmark are needed"
            )
        values = [value for i, value in enumerate(keypoints) if i % 3 != 2]
        yield ExternalPrediction(place, _name_of(entry, files, place), points_from(values, size, place))


def _name_of(entry: dict[str, Any], files: dict[int | str, str], place: str) -> str:
    own, image = entry.get("id"), entry.get("image_id")
    if isinstance(own, str):
        return own
    if isinstance(image, int | str) and image in files:
        return files[image]
    if isinstance(image, str):
        return image
    raise UserError(
        f"{place}: image_id is {str(image)[:40]!r}, which no entry of `images` explains; write the file's name or "
        "the face's id for image_id, or put the list `images` beside the results"
    )


def _tree(path: Path) -> Any:
    try:
        with open_file(path) as stream:
            tree = json.loads(stream.read())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON: {error}") from None
    if not isinstance(tree, dict | list):
        raise UserError(f"{path}: holds {type(tree).__name__}; COCO's JSON is a list or an object")
    return tree
