"""The faces that predictions are measured on."""

from pathlib import Path

import numpy as np

from facealign.data.augmentation.views import move_points, plain_view, view_to_photo
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.store import Place
from facealign.training.evaluate import Predictions, to_photos
from facealign.training.measured_faces import MeasuredFaces


def read_truth(place: Place, fold: Fold) -> MeasuredFaces:
    """The faces of a fold, their truth the one of an evaluation, to the bit, and no landmark found (NaN).

    Args:
        place: Prepared shards; or an evaluation's file of measured faces, ``….arrow``, whatever its fold.
        fold: Of the shards.

    Raises:
        UserError: They do not read.
    """
    if str(place).endswith(".arrow"):
        faces = MeasuredFaces.read(Path(place))
    else:
        faces = _of_shards(ShardReader(place, fold))
    return faces.with_predicted(np.full_like(faces.found.truth, np.nan))


def _of_shards(reader: ShardReader) -> MeasuredFaces:
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
    return MeasuredFaces(found, tuple(face.labels for face in stored), schema, reader.index.digest)
