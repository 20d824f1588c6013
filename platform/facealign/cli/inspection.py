"""An inspection for the eye: as text, and as a sheet of faces."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from facealign.cli.assignments import assign
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.inspect import Inspection, Spread
from facealign.data.record import FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.geometry import LandmarkSchema, landmark_box, schema_names
from facealign.report.faces import FaceCell, contact_sheet

_ROOM = 0.35
"""Of the face's side, left about it on the sheet."""


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


def describe(found: Inspection, root: Path | None) -> Iterator[str]:
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
        yield f"pictures    width {_range(found.picture_width)} px, height {_range(found.picture_height)} px"
        yield f"faces       {_range(found.face_size)} px; in a photo {_range(found.faces_per_photo)}"
        yield (
            f"landmarks   {found.visible:.1%} visible, {found.hidden:.1%} hidden, {found.unknown:.1%} unknown; "
            f"{found.outside:.2%} of the known outside their photo"
        )
        yield f"published   a box for {found.boxes:.0%}, centre and scale for {found.squares:.0%}"
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


def sheet(source: Source, samples: Sequence[Sample], schema: LandmarkSchema, title: str) -> NDArray[np.uint8]:
    """The samples' faces with landmarks, contours and published boxes: (H, W, 3) uint8 RGB."""
    cells = [face_cell(sample, source.load(sample)) for sample in samples]
    return contact_sheet(cells, schema, columns=6, cell_size=256, title=title)


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


def _range(spread: Spread) -> str:
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
