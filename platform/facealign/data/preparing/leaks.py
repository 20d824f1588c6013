"""The same picture in two folds: what a model is measured on, it has been trained on."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from facealign.data.folds import Fold
from facealign.storage.store import Store

LEAKS_FILE = "leaks.csv"


class Seen(NamedTuple):
    """A prepared face: its fold, its id, and the digest of its photo's pixels."""

    fold: Fold
    id: str
    picture: str


def find_leaks(faces: Iterable[Seen]) -> list[Seen]:
    """The faces whose picture is in another fold as well, picture by picture.

    Equal pixels are found, whatever the files are called; a picture that was scaled or compressed anew is not.
    """
    by_picture: defaultdict[str, list[Seen]] = defaultdict(list)
    for face in faces:
        by_picture[face.picture].append(face)
    groups = (group for group in by_picture.values() if len({face.fold for face in group}) > 1)
    return [face for group in sorted(groups, key=lambda group: group[0].id) for face in group]


def write_leaks(store: Store, leaks: Iterable[Seen]) -> None:
    """Write ``leaks.csv``: a row for each face; only the header where no picture is in two folds."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", "fold", "id"])
    writer.writerows([face.picture, face.fold, face.id] for face in leaks)
    store.write(LEAKS_FILE, text.getvalue().encode())
