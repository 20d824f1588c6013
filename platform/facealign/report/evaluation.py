"""A trained method measured on the test fold, beside the mean shape that any method has to beat."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.data import FaceDataset, Index, ShardReader, eval_batches, mean_shape
from facealign.metrics import nme
from facealign.report.config import EvaluationConfig
from facealign.training import ModelFolder, Predictions, predict


@dataclass(frozen=True)
class Evaluation:
    """One fold, measured.

    Attributes:
        found: What the method found on each face.
        errors: (F,) NME of each face, a fraction.
        mean_shape_errors: (F,) likewise, of the training faces' mean landmarks laid into the crop.
        subsets: (F,) the official subset of each face.
    """

    found: Predictions
    errors: NDArray[np.float64]
    mean_shape_errors: NDArray[np.float64]
    subsets: tuple[str, ...]


def evaluate(model: ModelFolder, shards: Path, fold: str, config: EvaluationConfig, device: torch.device) -> Evaluation:
    """Measure ``model`` on a fold, in float32, in pixels of the original photos.

    Raises:
        UserError: The shards do not read, or their crop is not the model's.
    """
    index = Index.load(shards)
    model.require_crop(index.crop, shards)
    schema = model.method.schema
    reader = ShardReader(index, fold)
    faces = FaceDataset(reader, schema, index.crop)
    batches = eval_batches(faces, 0, 1, config.batch_size)
    found = predict(model.method.to(device), batches, device)
    errors = nme(found.predicted, found.truth, found.valid, schema, config.normaliser)
    mean = mean_shape(ShardReader(index, "train"), index.crop)
    as_mean = found.in_photos(np.broadcast_to(mean, found.predicted.shape))
    mean_errors = nme(as_mean, found.truth, found.valid, schema, config.normaliser)
    return Evaluation(found, errors, mean_errors, tuple(reader.subset(i) for i in range(len(reader))))
