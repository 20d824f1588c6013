"""Opens a data source and shows its inspection as text and as an image grid."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from facealign.config import UserError, check_settings, read_yaml
from facealign.data.config import DataConfig
from facealign.data.preparing.inspect import Inspection, ValueRange
from facealign.data.record import FaceRecord
from facealign.data.shards.columns import read_strings
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.geometry import LandmarkSchema, landmark_box, schema_names
from facealign.geometry.schema import SchemaFile
from facealign.report.faces import FaceCell, image_grid
from facealign.storage.uris import open_store
from facealign.workflows.settings import Params, assign

_ROOM = 0.35
"""Margin about a face in the grid, as a fraction of its side."""


def open_data(source: str, root: Path | None, landmarks: str | None, options: Sequence[str]) -> Source:
    """The source, with ``key=value`` options; values are YAML.

    Raises:
        UserError: There is no such source, schema or option, or a value breaks its rule.
    """
    kind = SOURCES[source]
    if landmarks is None and kind.schemas is None:
        raise UserError(
            f"source {source!r} takes any schema; name one with --landmarks: {', '.join(schema_names())}, or the "
            "path of a YAML file"
        )
    tree = {
        "source": source,
        "root": None if root is None else str(root),
        "landmarks": landmarks or (kind.schemas or ("",))[0],
        source: assign({}, options),
    }
    try:
        return DataConfig.model_validate(tree).open_source()
    except ValidationError as error:
        lines = []
        for one in error.errors():
            key = ".".join(map(str, one["loc"]))
            rule = one["msg"].removeprefix("Value error, ")
            if one["type"] == "extra_forbidden":
                rule = f"unknown option; {source} has: {', '.join(kind.Config.model_fields) or 'none'}"
            lines.append(f"{key}: {rule}" if key else rule)
        raise UserError("\n".join(lines)) from None


def describe_inspection(found: Inspection, root: Path | None) -> Iterator[str]:
    """The inspection in lines of text."""
    yield f"{found.source} · {found.landmarks}{f' · {root}' if root else ''}"
    of_all = "" if found.looked_at == found.samples else f", {found.looked_at} of them looked at"
    yield f"{found.samples} samples{of_all}: {found.usable} usable, {found.looked_at - found.usable} not"
    yield ""
    yield from _table(
        ("fold", "subset", "samples", "photos", "usable"),
        [
            (
                group.fold,
                group.subset,
                f"{group.samples}",
                f"{group.photos}",
                f"{group.usable}" if group.looked_at == group.samples else f"{group.usable} of {group.looked_at}",
            )
            for group in found.groups
        ],
    )
    yield ""
    if found.picture_width and found.picture_height and found.face_size:
        yield f"images    width {_range(found.picture_width)} px, height {_range(found.picture_height)} px"
        yield f"faces       {_range(found.face_size)} px; in a photo {_range(found.faces_per_photo)}"
        yield (
            f"landmarks   {found.visible:.1%} visible, {found.hidden:.1%} hidden, {found.unknown:.1%} unknown; "
            f"{found.outside:.2%} of the known outside their photo"
        )
        yield f"published   a box for {found.boxes:.0%}, center and scale for {found.squares:.0%}"
    if found.attributes:
        yield ""
        rows = [(name, f"{of['train']}", f"{of['test']}") for name, of in found.attributes.items()]
        yield from _table(("attribute", "train", "test"), rows)
    for problem in found.problems:
        yield ""
        yield f"problem     {problem.samples} × {problem.reason}"
        yield from _places(problem.places, problem.samples)
    for duplicates in found.duplicates:
        yield ""
        yield f"duplicates  {duplicates.groups} × {duplicates.meaning}"
        yield from _places([" = ".join(ids) for ids in duplicates.first], duplicates.groups)
    for note in found.notes:
        yield ""
        yield f"note        {note}"


def face_grid(source: Source, samples: Sequence[Sample], schema: LandmarkSchema, title: str) -> NDArray[np.uint8]:
    """The samples' faces with landmarks, contours and published boxes: (H, W, 3) uint8 RGB."""
    cells = [face_cell(sample, source.load(sample)) for sample in samples]
    return image_grid(cells, schema, columns=6, cell_size=256, title=title)


def face_cell(sample: Sample, record: FaceRecord) -> FaceCell:
    """The part of the photo about the face, as far as the photo goes, with what is known of the face."""
    boxes = [landmark_box(record.points[np.isfinite(record.points).all(axis=1)])]
    published = record.box
    if published is None and record.square is not None:
        x, y, side = record.square
        published = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    if published is not None:
        boxes.append(published)
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    room = _ROOM * max(high - low)
    limit = np.array(record.image.shape[1::-1])
    x0, y0 = np.clip(np.floor(low - room), 0, limit - 1).astype(int)
    x1, y1 = np.clip(np.ceil(high + room) + 1, [x0 + 1, y0 + 1], limit).astype(int)
    true = ", ".join(name for name, value in record.attributes.items() if value)
    return FaceCell(
        image=record.image[y0:y1, x0:x1],
        truth=record.points - [x0, y0],
        box=None if published is None else published - [x0, y0, x0, y0],
        visible=record.visible,
        caption=f"{sample.id}\n{sample.fold} · {sample.subset}{f' · {true}' if true else ''}",
    )


def _range(spread: ValueRange) -> str:
    if spread.least == spread.greatest:
        return f"{spread.least:.0f}"
    return f"{spread.least:.0f}…{spread.greatest:.0f} (median {spread.median:.0f})"


def _places(places: Sequence[str], count: int) -> Iterator[str]:
    yield from (f"            {place}" for place in places)
    if count > len(places):
        yield f"            … and {count - len(places)} more"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    numeric = [all(row[i][:1].isdigit() for row in rows) for i in range(len(head))]
    for row in (head, *rows):
        cells = zip(row, widths, numeric, strict=True)
        yield "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip()


# Where the landmarks of a schema are drawn.


def layout_of(schema: SchemaFile, name: str, shards: Path | None) -> NDArray[np.float64]:
    """(N, 2): the mean shape of prepared data, or else the layout that the schema's file gives.

    Raises:
        UserError: There is neither, or the data have other landmarks.
    """
    if shards is not None:
        reader = ShardReader(shards, "train")
        if reader.index.landmarks != schema.schema_alone():
            raise UserError(
                f"{shards}: has landmarks {reader.index.landmarks.name}, which are not those of {name}"
            )
        return _mean(reader)
    if not schema.layout:
        raise UserError(
            f"{name}: an image needs positions: add `layout:` with an [x, y] for each landmark, or name data "
            "that were prepared with it: --shards outputs/shards"
        )
    return np.array(schema.layout)


def _mean(reader: ShardReader) -> NDArray[np.float64]:
    """(N, 2) the mean of each landmark over the stored crops; NaN where none knows it."""
    size = reader.index.landmarks.size
    total_N2, count_N = np.zeros((size, 2)), np.zeros(size)
    for face in reader:
        total_N2 += np.where(face.valid[:, None], face.points, 0)
        count_N += face.valid
    mean_N2 = np.full((size, 2), np.nan)
    np.divide(total_N2, count_N[:, None], out=mean_N2, where=count_N[:, None] > 0)
    return mean_N2


# Prepared data described, and the settings that ``facealign shards write`` puts together.


def settings_for(
    params: Path, source: str, root: str | None, settings: Sequence[str], workers: int | None
) -> Params:
    """A settings file with another data set and with ``key=value`` changes.

    Where the data set does not have the file's landmark schema, the first one that it has takes its place.

    Raises:
        UserError: The file, or what is changed in it, breaks a rule.
    """
    tree = read_yaml(params)
    for section in ("data", "cluster"):
        tree.setdefault(section, {})
    tree["data"].update(source=source, root=root)
    schemas = SOURCES[source].schemas
    if schemas is not None and tree["data"].get("landmarks") not in schemas:
        tree["data"]["landmarks"] = schemas[0]
    if workers is not None:
        tree["cluster"]["prepare_workers"] = workers
    return check_settings(assign(tree, settings), params, Params)


def facts(place: str) -> dict[str, Any]:
    """Describe prepared data, from its index and its column of subsets.

    Raises:
        UserError: There is none.
    """
    store = open_store(place)
    index = Index.load(store)
    folds: dict[str, Any] = {}
    for fold, shards in index.folds.items():
        subsets: Counter[str] = Counter()
        for shard in shards:
            with store.open(shard.file) as file:
                subsets.update(read_strings(file, "subset"))
        size = sum(shard.bytes for shard in shards)
        folds[fold] = {
            "faces": index.rows(fold),
            "shards": len(shards),
            "bytes": size,
            "bytes_per_face": size / index.rows(fold) if shards else 0.0,
            "subsets": dict(sorted(subsets.items())),
        }
    note = index.statistics
    return {
        "place": place,
        "digest": index.digest,
        "source": index.source.model_dump(mode="json"),
        "landmarks": {"name": index.landmarks.name, "size": index.landmarks.size},
        "crop": {**index.crop.model_dump(mode="json"), "stored_size": index.crop.stored_size},
        "shards": index.shards.model_dump(mode="json"),
        "validation": {"share": index.validation, "seed": index.seed},
        "faces": sum(part["faces"] for part in folds.values()),
        "bytes": sum(file.bytes for file in index.files().values()),
        "folds": folds,
        "statistics": note.model_dump(mode="json") if note else None,
        "no_statistics": index.no_statistics,
    }


def describe_shards(found: dict[str, Any]) -> Iterator[str]:
    """The facts in lines of text."""
    crop, shards, source = found["crop"], found["shards"], found["source"]
    yield f"{found['place']}: {found['faces']} faces, {found['bytes'] / 1e6:.1f} MB, digest {found['digest'][:12]}"
    yield f"  source      {source['name']}, content {source['digest'][:12]}{_options(source['options'])}"
    yield f"  landmarks   {found['landmarks']['name']} ({found['landmarks']['size']})"
    yield (
        f"  crop        {crop['size']} px of {crop['stored_size']} px stored; {crop['box']} box, "
        f"{crop['side']} side × {crop['margin']}"
    )
    quality = f", quality {shards['quality']}" if shards["encoding"] == "jpeg" else ""
    yield f"  images    {shards['encoding']}{quality}; shards of about {shards['megabytes']} MB"
    yield f"  statistics  {found['statistics']['file'] if found['statistics'] else found['no_statistics']}"
    for name, fold in found["folds"].items():
        subsets = ", ".join(f"{count} {subset}" for subset, count in fold["subsets"].items())
        yield (
            f"  {name:<10}  {fold['faces']} faces in {fold['shards']} shards, {fold['bytes'] / 1e6:.1f} MB, "
            f"{fold['bytes_per_face'] / 1e3:.1f} kB a face{f': {subsets}' if subsets else ''}"
        )


def _options(options: dict[str, Any]) -> str:
    return "".join(f", {name}={value}" for name, value in options.items())
