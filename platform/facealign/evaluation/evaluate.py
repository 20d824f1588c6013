"""A trained method measured on a fold, beside the mean shape that any method has to beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config.device import device_named
from facealign.data.dataset import FaceDataset
from facealign.data.folds import Fold
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_errors import FaceErrors, face_errors
from facealign.evaluation.face_predictions import FacePredictions
from facealign.storage.store import Place
from facealign.training import InputSpec, ModelFolder, Predictions, World, predict


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a fold.

    Attributes:
        faces: What the method found on each face.
        measured: Its errors.
        mean_shape_errors: (F,) NME of the training faces' mean landmarks laid into the crop, a fraction; None
            where the data set has no training faces.
    """

    faces: FacePredictions
    measured: FaceErrors
    mean_shape_errors: NDArray[np.float64] | None

    @property
    def errors(self) -> NDArray[np.float64]:
        """(F,) NME of each face, a fraction."""
        return self.measured.chosen


def evaluate(
    model: ModelFolder, shards: Place, fold: Fold, config: EvaluationConfig, world: World | None = None
) -> Evaluation:
    """Measure ``model`` on a fold, in float32, in pixels of the original photos.

    The processes of a world share the faces, and each returns what one process alone would return, to the bit:
    what was found is gathered, face by face, and then measured.

    Args:
        model: It is moved to the world's device.
        shards: Of the kind of faces that it was trained on.
        fold: Which of them.
        config: How they are measured.
        world: Those that share the faces; None: this process alone, on a GPU if there is one.

    Raises:
        UserError: The shards do not read, or their crop or landmarks are not the model's.
    """
    world = world or World(device=device_named(None))
    reader = ShardReader(shards, fold)
    model.require(InputSpec(crop=reader.index.crop, landmarks=reader.index.landmarks), shards)
    batches = eval_batches(
        FaceDataset(reader), batch_size=config.batch_size, rank=world.rank, world_size=world.size
    )
    own = predict(model.method.to(world.device), batches, world.device)
    found = Predictions.joined(world.gather(own))
    faces = FacePredictions(found, tuple(reader.labels()), reader.index.landmarks, reader.index.digest)
    return Evaluation(faces, face_errors(faces, config), _mean_shape_errors(reader, faces, config))


def _mean_shape_errors(
    reader: ShardReader, faces: FacePredictions, config: EvaluationConfig
) -> NDArray[np.float64] | None:
    if not reader.index.rows("train"):
        return None
    mean_N2 = reader.statistics().mean_shape
    as_mean = faces.found.in_photos(np.broadcast_to(mean_N2, faces.found.predicted.shape))
    return face_errors(faces.with_predicted(as_mean), config).chosen
