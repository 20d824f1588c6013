"""COCO's JSON for keypoints, as annotation tools and mmpose write it: ``images``, ``annotations``, ``categories``.

Format: https://cocodataset.org/#format-data. An annotation is one face; an image may have several:

- ``keypoints``: x, y, v for each landmark; v is 0: unknown, 1: hidden, 2: visible.
- ``bbox``: x, y, width, height.
- ``center`` and ``scale``, as mmpose's files for faces have them: the square to cut is 200·scale pixels wide.
- ``image_id``: of the entry in ``images`` whose ``file_name`` is the image.

Crowds (``iscrowd``) and annotations that say to have no keypoints (``num_keypoints`` 0) are no faces and are not
listed. Pixels count from 0, as in COCO; mmpose's files for 300-W and 300-VW repeat numbers that count from 1. Its
files for 300-W, 300-VW, AFLW and WFLW give v = 1 to every landmark that has coordinates: read them with
``visibility: known``.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field

from facealign.config import Settings, UserError, open_file, printable
from facealign.data.sources.annotated import AnnotatedFace, AnnotatedSource, Value
from facealign.data.sources.base import SOURCES
from facealign.geometry import LandmarkSchema

_PIXELS_OF_SCALE = 200
_LARGEST_FILE = 1 << 30
"""Bytes. In memory JSON takes up to ten times its size; WFLW's 10,000 faces are a fiftieth of this."""


@SOURCES.register("coco")
class Coco(AnnotatedSource):
    """JSON files below the root, images in a folder below it."""

    class Config(Settings):
        """Which files, and how they are meant."""

        train: tuple[str, ...] = Field(
            default=("annotations/train.json",), description="files of training faces, below the root"
        )
        test: tuple[str, ...] = Field(
            default=("annotations/test.json",), description="files of test faces; each file's name is its subset"
        )
        images: str = Field(default="images", description="folder that `file_name` begins in, below the root")
        origin: Literal["zero", "one"] = Field(default="zero", description="number of the first pixel")
        visibility: Literal["coco", "known"] = Field(
            default="coco", description="what v = 1 means: coco: hidden; known: no more than that it was annotated"
        )
        category: str | None = Field(default=None, description="name of the category to take; null: all")

    @property
    def origin(self) -> int:
        """The pixel origin that the option names."""
        return int(self.config.origin == "one")

    def faces_of(
        self, name: str, fold: Literal["train", "test"], schema: LandmarkSchema
    ) -> Iterator[AnnotatedFace]:
        """The annotations of one file."""
        path = self.table(name, fold)
        tree = _read(path)
        names = _names_of_pictures(tree["images"])
        category = _category(tree, self.config.category, path, schema)
        listed = [
            (i, one)
            for i, one in enumerate(tree["annotations"])
            if not (isinstance(one, dict) and _is_no_face(one, category))
        ]
        _require_size(listed, path, schema)
        subset = PurePosixPath(name).stem
        for i, one in listed:
            place = f"{name}: annotations[{i}]"
            picture, problem = _picture_of(one, names)
            if problem:
                yield AnnotatedFace(place=place, row=i, fold=fold, subset=subset, problem=problem)
                continue
            points, visible = _split(one["keypoints"], self.config.visibility)
            yield AnnotatedFace(
                place=place,
                row=i,
                image=picture,
                fold=fold,
                subset=subset,
                points=points,
                visible=visible,
                box=_box(one.get("bbox")),
                square=_square(one.get("center"), one.get("scale")),
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        with open_file(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > _LARGEST_FILE:
                raise UserError(
                    f"{path}: has {size / 2**30:.1f} GiB, {_LARGEST_FILE >> 30} GiB are read at most; split it"
                )
            tree = json.loads(stream.read())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UserError:
        raise
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}); JSON is") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: is not JSON: {error.msg}; fetch or write it again") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(tree, dict) or not all(isinstance(tree.get(key), list) for key in ("images", "annotations")):
        found = printable(", ".join(tree), 80) if isinstance(tree, dict) else type(tree).__name__
        raise UserError(
            f"{path}: holds {found}; COCO's JSON is an object with the lists `images` and `annotations`"
        )
    return tree


def _names_of_pictures(images: list[Any]) -> dict[int | str, str]:
    """File name by id; empty where an entry has none, or two entries share an id and not a name."""
    names: dict[int | str, str] = {}
    for image in images:
        if isinstance(image, dict) and isinstance(image.get("id"), int | str):
            name = image.get("file_name")
            name = name if isinstance(name, str) else ""
            names[image["id"]] = name if names.setdefault(image["id"], name) == name else ""
    return names


def _category(tree: dict[str, Any], name: str | None, path: Path, schema: LandmarkSchema) -> Any:
    """The id of the category to take; None for all."""
    listed = tree.get("categories")
    categories = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    chosen = [one for one in categories if one.get("name") == name]
    if name is not None and not chosen:
        known = ", ".join(str(one.get("name")) for one in categories) or "none"
        raise UserError(
            f"{path}: has no category {name!r}; it has: {known}; set data.coco.category to one of them"
        )
    for one in chosen or categories:
        named = one.get("keypoints")
        if isinstance(named, list) and named and len(named) != schema.size and (chosen or len(categories) == 1):
            raise UserError(
                f"{path}: category {one.get('name')!r} has {len(named)} keypoints, {schema.name} {schema.size}; "
                "set data.landmarks to the file's schema"
            )
    return chosen[0].get("id") if chosen else None


def _is_no_face(annotation: dict[str, Any], category: Any) -> bool:
    if category is not None and annotation.get("category_id") != category:
        return True
    return annotation.get("iscrowd") == 1 or annotation.get("num_keypoints") == 0


def _require_size(listed: list[tuple[int, Any]], path: Path, schema: LandmarkSchema) -> None:
    """A file of another schema is one error, and not one for each of its faces."""
    lists = [one.get("keypoints") for _, one in listed if isinstance(one, dict)]
    sizes = {len(keypoints) for keypoints in lists if isinstance(keypoints, list)}
    if sizes and 3 * schema.size not in sizes:
        raise UserError(
            f"{path}: its annotations have {min(sizes) / 3:g} keypoints, {schema.name} has {schema.size}; "
            "set data.landmarks to the file's schema"
        )


def _picture_of(annotation: Any, names: dict[int | str, str]) -> tuple[str, str]:
    """The image's name, or why the annotation cannot be used."""
    if not isinstance(annotation, dict):
        return "", f"is {str(annotation)[:40]!r}; an annotation is an object"
    number = annotation.get("image_id")
    if not isinstance(number, int | str) or not names.get(number):
        return "", f"image_id is {str(number)[:40]!r}; `images` has no such id with one file_name"
    keypoints = annotation.get("keypoints")
    if not isinstance(keypoints, list) or len(keypoints) % 3:
        return "", "keypoints are not a list of x, y, v for each landmark"
    return names[number], ""


def _split(keypoints: list[Any], visibility: str) -> tuple[list[Value], list[bool | Value]]:
    """Coordinates, None where v is 0; and whether each landmark is visible."""
    seen = keypoints[2::3]
    points: list[Value] = [None] * (2 * len(seen))
    points[::2], points[1::2] = keypoints[::3], keypoints[1::3]
    if all(v == 2 for v in seen):
        return points, []
    for i, v in enumerate(seen):
        if v == 0:
            points[2 * i] = points[2 * i + 1] = None
    # Another v than 0, 1, 2 is no word for yes or no either, and is refused on loading.
    words = {0: False, 1: visibility == "known", 2: True}
    return points, [words[v] if v in (0, 1, 2) else f"v = {v}"[:40] for v in seen]


def _box(bbox: Any) -> list[Value]:
    """x, y, width, height → x0, y0, x1, y1; what is none of it is refused on loading."""
    if bbox is None or bbox == []:
        return []
    if isinstance(bbox, list) and len(bbox) == 4 and (numbers := _floats(bbox)):
        x, y, width, height = numbers
        return [x, y, x + width, y + height]
    return ["not [x, y, width, height]"] * 4


def _square(center: Any, scale: Any) -> list[Value]:
    """mmpose writes ``scale`` as a number or as a pair."""
    if center is None or scale is None:
        return []
    center = _floats(center) if isinstance(center, list) else None
    scales = _floats(scale if isinstance(scale, list) else [scale])
    if center and len(center) == 2 and scales:
        return [*center, _PIXELS_OF_SCALE * max(scales)]
    return ["not center [x, y] and scale"] * 3


def _floats(values: list[Any]) -> list[float] | None:
    """Convert values to floats; return None where one is no number or larger than any float."""
    try:
        return [float(value) for value in values] if all(isinstance(v, int | float) for v in values) else None
    except OverflowError:
        return None
