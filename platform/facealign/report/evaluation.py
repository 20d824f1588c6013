"""A trained method measured on the test fold, beside the mean shape that any method has to beat."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.data.dataset import FaceDataset
from facealign.data.folds import Fold
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.store import Place
from facealign.metrics import nme
from facealign.report.config import EvaluationConfig
from facealign.training import Faces, ModelFolder, predict
from facealign.training.measured_faces import MeasuredFaces


@dataclass(frozen=True)
class Evaluation:
    """One fold, measured.

    Attributes:
        faces: What the method found on each face.
        errors: (F,) NME of each face, a fraction.
        mean_shape_errors: (F,) likewise, of the training faces' mean landmarks laid into the crop.
    """

    faces: MeasuredFaces
    errors: NDArray[np.float64]
    mean_shape_errors: NDArray[np.float64]


def evaluate(
    model: ModelFolder, shards: Place, fold: Fold, config: EvaluationConfig, device: torch.device
) -> Evaluation:
    """Measure ``model`` on a fold, in float32, in pixels of the original photos.

    Raises:
        UserError: The shards do not read, or their crop or landmarks are not the model's.
    """
    reader = ShardReader(shards, fold)
    model.require(Faces(crop=reader.index.crop, landmarks=reader.index.landmarks), shards)
    schema = reader.index.landmarks
    found = predict(
        model.method.to(device), eval_batches(FaceDataset(reader), batch_size=config.batch_size), device
    )
    mean = ShardReader(shards, "train").statistics().mean_shape
    as_mean = found.in_photos(np.broadcast_to(mean, found.predicted.shape))
    errors, mean_errors = (
        nme(points, found.truth, found.valid, schema, config.normaliser, found.ids)
        for points in (found.predicted, as_mean)
    )
    faces = MeasuredFaces(found, tuple(reader.labels()), schema, reader.index.digest)
    return Evaluation(faces, errors, mean_errors)
