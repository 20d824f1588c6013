"""Which face a prediction is of, by its name alone.

A name is a face's id (``helen/testset/3050276160_1``), its photo, the end of one of the two after a ``/``, or a
path that ends in one of the two; a picture's ending (``.jpg``) may be there or not. Where a photo has several
faces, its name says too little: to go by the nearest landmarks would favour the predictions.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from facealign.config import UserError
from facealign.data.shards.row import Labels
from facealign.data.sources.files import PICTURES
from facealign.report.scoring.given import Given

_NAMED_AT_MOST = 5


def match(given: Sequence[Given], faces: Sequence[Labels]) -> tuple[dict[int, Given], list[Given]]:
    """The prediction of each face by its row, and those that name no face.

    Raises:
        UserError: A prediction's name is of several faces, or a face has several predictions.
    """
    rows = _Rows(faces)
    found: dict[int, Given] = {}
    unused: list[Given] = []
    for one in given:
        named = rows.of(one.name)
        if not named:
            unused.append(one)
            continue
        if len(named) > 1:
            raise UserError(
                f"{one.place}: {one.name!r} is the name of {len(named)} faces, "
                f"{listed([faces[row].id for row in named])}; name each by its id"
            )
        if (row := named[0]) in found:
            raise UserError(
                f"{one.place}: {one.name!r} is face {faces[row].id}, which {found[row].place} is of as well; "
                "leave one prediction for each face"
            )
        found[row] = one
    return found, unused


def listed(names: Sequence[str]) -> str:
    """The first few, for a message."""
    more = "" if len(names) <= _NAMED_AT_MOST else f" and {len(names) - _NAMED_AT_MOST} more"
    return ", ".join(names[:_NAMED_AT_MOST]) + more


class _Rows:
    """Rows of faces by every name that they go by: an id goes before a photo, a whole name before its end."""

    def __init__(self, faces: Sequence[Labels]) -> None:
        by_name: tuple[dict[str, list[int]], ...] = tuple(defaultdict(list) for _ in range(4))
        for row, labels in enumerate(faces):
            for level, name in enumerate((labels.id, labels.photo)):
                for form in {name, _without_ending(name)}:
                    by_name[level][form].append(row)
                    for end in _ends(form):
                        by_name[level + 2][end].append(row)
        self._by_name = by_name

    def of(self, name: str) -> list[int]:
        """The rows; none where nothing has this name."""
        name = name.replace("\\", "/").removeprefix("./")
        # A name may also begin above the data set's folder: /data/300W/helen/testset/3050276160_1.png.
        tried = [(names, name) for names in self._by_name]
        tried += [(names, end) for end in _ends(name) for names in self._by_name[:2]]
        for names, tried_name in tried:
            for form in (tried_name, _without_ending(tried_name)):
                if form in names:
                    return names[form]
        return []


def _without_ending(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in (*PICTURES, ".pts") else name


def _ends(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[i:]) for i in range(1, len(parts)))
