"""Finds images that are in more than one fold, so that a model would be tested on what it was trained on."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from facealign.data.folds import Fold
from facealign.storage.store import Store

LEAKS_FILE = "leaks.csv"


class FaceFingerprint(NamedTuple):
    """A prepared face: its fold, its id, and the digest of its photo's pixels."""

    fold: Fold
    id: str
    image_digest: str


def find_leaks(faces: Iterable[FaceFingerprint]) -> list[FaceFingerprint]:
    """The faces whose image is in another fold as well, image by image.

    Equal pixels are found, whatever the files are called; an image that was scaled or compressed again is not.
    """
    by_digest: defaultdict[str, list[FaceFingerprint]] = defaultdict(list)
    for face in faces:
        by_digest[face.image_digest].append(face)
    groups = (group for group in by_digest.values() if len({face.fold for face in group}) > 1)
    return [face for group in sorted(groups, key=lambda group: group[0].id) for face in group]


def write_leaks(store: Store, leaks: Iterable[FaceFingerprint]) -> None:
    """Write ``leaks.csv``: a row for each face; only the header where no image is in two folds."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "fold", "id"])
    writer.writerows([face.image_digest, face.fold, face.id] for face in leaks)
    store.write(LEAKS_FILE, text.getvalue().encode())
