"""Predictions of another program → measured faces, by the protocol of our own evaluation."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.augmentation.views import move_points, plain_view, view_to_photo
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.row import Labels
from facealign.data.sources.files import IMAGE_SUFFIXES
from facealign.evaluation.external_files import ExternalPrediction
from facealign.evaluation.face_predictions import FacePredictions
from facealign.storage.store import Place
from facealign.training.predictions import Predictions, to_photos

# Which face a prediction is of, by its name alone.
#
# A name is a face's id (``helen/testset/3050276160_1``), its photo, the end of one of the two after a ``/``, or a
# path that ends in one of the two; an image's ending (``.jpg``) may be there or not. Where a photo has several
# faces, its name says too little: to go by the nearest landmarks would favor the predictions.


_NAMED_AT_MOST = 5


def match(
    given: Sequence[ExternalPrediction], faces: Sequence[Labels]
) -> tuple[dict[int, ExternalPrediction], list[ExternalPrediction]]:
    """The prediction of each face by its row, and those that name no face.

    Raises:
        UserError: A prediction's name is of several faces, or a face has several predictions.
    """
    rows = _Rows(faces)
    found: dict[int, ExternalPrediction] = {}
    unused: list[ExternalPrediction] = []
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
    return str(path.with_suffix("")) if path.suffix.lower() in (*IMAGE_SUFFIXES, ".pts") else name


def _ends(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[i:]) for i in range(1, len(parts)))


_TIMES = 10.0
"""How many times larger or smaller than its face a prediction may be and still be in the same pixels."""


@dataclass(frozen=True)
class Scored:
    """The result of scoring external predictions.

    Attributes:
        faces: Those that have a prediction, with it.
        missing: Ids of the faces that have none.
        unused: How many predictions are of no face here.
        elsewhere: Ids of the faces that were found more than their own size away, or of quite another size.
        offset: (x, y) px, the mean of predicted − true; (1, 1) is how a wrong origin looks.
    """

    faces: FacePredictions
    missing: tuple[str, ...]
    unused: int
    elsewhere: tuple[str, ...]
    offset: tuple[float, float]


def score(truth: FacePredictions, given: Sequence[ExternalPrediction], allow_missing: bool = False) -> Scored:
    """Lay predictions on the faces that they are of.

    Args:
        truth: The faces; what was found on them is not looked at.
        given: At least one.
        allow_missing: Measure the faces that have a prediction, and leave out the others.

    Raises:
        UserError: A face has no prediction, and that is not allowed, or none has; a prediction is ambiguous or of
            a face that has one; or most are nowhere near their faces, and so not in pixels of the photos.
    """
    found, unused = match(given, truth.labels)
    missing = [labels.id for row, labels in enumerate(truth.labels) if row not in found]
    if missing and not (allow_missing and found):
        raise UserError(_of_missing(missing, len(truth.labels), [one.name for one in unused]))
    rows = sorted(found)
    faces = truth.of(np.array(rows)).with_predicted(np.stack([found[row].points for row in rows]))
    away_F = _are_elsewhere(faces)
    if 2 * away_F.sum() > len(rows):
        raise UserError(_of_elsewhere(faces, away_F, [found[row].place for row in rows]))
    x, y = (faces.found.predicted - faces.found.truth)[faces.found.valid].mean(axis=0).tolist()
    elsewhere = tuple(faces.labels[row].id for row in np.flatnonzero(away_F))
    return Scored(faces, tuple(missing), len(unused), elsewhere, (x, y))


def _of_missing(missing: Sequence[str], faces: int, unused: Sequence[str]) -> str:
    strangers = f"{len(unused)} predictions are of no face here: {listed(unused)}; " if unused else ""
    return (
        f"{len(missing)} of {faces} faces have no prediction: {listed(missing)}; {strangers}name predictions as "
        "the faces are named, or measure the others alone with --allow-missing"
    )


def _of_elsewhere(faces: FacePredictions, away_F: NDArray[np.bool_], places: Sequence[str]) -> str:
    row = int(np.argmax(away_F))
    at, there = (
        tuple(points[row].mean(axis=0).round(1).tolist()) for points in (faces.found.predicted, _known(faces))
    )
    return (
        f"{away_F.sum()} of {len(away_F)} predictions are nowhere near their faces, {places[row]} for one: about "
        f"{at}, and its face about {there}; coordinates must be pixels of the whole photo, not of a crop, nor "
        "shares of its size"
    )


def _known(faces: FacePredictions) -> NDArray[np.float64]:
    """(F, N, 2) truth, with a known landmark in place of each unknown one."""
    valid_FN, truth_FN2 = faces.found.valid, faces.found.truth
    first_F12 = np.take_along_axis(truth_FN2, valid_FN.argmax(axis=1)[:, None, None], axis=1)
    return np.where(valid_FN[..., None], truth_FN2, first_F12)


def _are_elsewhere(faces: FacePredictions) -> NDArray[np.bool_]:
    """(F,) whether what was found is nowhere near the face's box, or of quite another size."""
    low_F12, high_F12 = (limit(_known(faces), axis=1, keepdims=True) for limit in (np.min, np.max))
    side_F11 = (high_F12 - low_F12).max(axis=2, keepdims=True).clip(min=1.0)  # of one known landmark it is 0
    found_FN2 = faces.found.predicted
    within_FN = ((found_FN2 >= low_F12 - side_F11) & (found_FN2 <= high_F12 + side_F11)).all(axis=2)
    size_F = (found_FN2.max(axis=1) - found_FN2.min(axis=1)).max(axis=1) / side_F11[:, 0, 0]
    return np.asarray(~within_FN.any(axis=1) | (size_F < 1 / _TIMES) | (size_F > _TIMES))


# The faces that predictions are measured on.


def read_truth(place: Place, fold: Fold) -> FacePredictions:
    """The faces of a fold, their truth the one of an evaluation, to the bit, and no landmark found (NaN).

    Args:
        place: Prepared shards; or an evaluation's file of measured faces, ``….arrow``, whatever its fold.
        fold: Of the shards.

    Raises:
        UserError: They do not read.
    """
    if str(place).endswith(".arrow"):
        faces = FacePredictions.read(Path(place))
    else:
        faces = _of_shards(ShardReader(place, fold))
    return faces.with_predicted(np.full_like(faces.found.truth, np.nan))


def _of_shards(reader: ShardReader) -> FacePredictions:
    schema, view = reader.index.landmarks, plain_view(reader.index.crop)
    stored = list(reader)
    points_FN2 = np.stack([move_points(face.points, face.valid, view, schema) for face in stored])
    to_photo_F23 = np.stack([view_to_photo(face.to_photo, view) for face in stored])
    truth_FN2 = to_photos(to_photo_F23, points_FN2.astype(np.float64))
    found = Predictions(
        predicted=truth_FN2,
        truth=truth_FN2,
        valid=np.stack([face.valid for face in stored]),
        to_photo=to_photo_F23,
        ids=tuple(face.labels.id for face in stored),
        visible=np.stack([face.visible for face in stored]),
    )
    return FacePredictions(found, tuple(face.labels for face in stored), schema, reader.index.digest)


# Landmarks that another program predicted, measured as ours are.
