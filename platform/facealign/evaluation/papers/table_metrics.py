"""Measures a trained model for a paper's table: every column, on every curve that a row asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.config.device import device_named
from facealign.data.dataset import FaceDataset
from facealign.data.folds import Fold
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.aligned_errors import aligned_errors
from facealign.evaluation.papers.prepared import Prepared, curve
from facealign.evaluation.papers.table import AT_AN_EPOCH, WITH_THRESHOLD, Column, PaperTable
from facealign.geometry import LandmarkSchema
from facealign.metrics import auc, directed_nme, error_ellipses, failure_rate, nme
from facealign.storage.store import Place
from facealign.training import InputSpec, ModelFolder, Predictions, TrainJob, load_model, predict
from facealign.training.progress import Progress

MEAN_SHAPE = "mean_shape"
ANISOTROPY = "anisotropy"

_DIRECTED = {"nme": "overall", "normal_nme": "normal", "tangent_nme": "tangent", "bias_rate": "bias_rate"}
_TRAINING = {"train_mse": "mse", "train_mse_foreground": "mse_foreground"}


def metric_key(column: str, curve_name: str | None = None, of: str = "") -> str:
    """The flat name of a metric: ``nme``, ``contour/nme``, ``mean_shape/nme``."""
    return "/".join(filter(None, (of, curve_name, column)))


@dataclass(frozen=True)
class Measure:
    """Measures a trial's best model; it travels to where the trial runs.

    Attributes:
        table: What to measure.
        batch_size: Faces at once.
        ellipses: Whether to measure each landmark's λ on the validation faces as well.
    """

    table: PaperTable
    batch_size: int = 32
    ellipses: bool = False

    def __call__(self, model: Path, job: TrainJob, progress: Progress) -> dict[str, float]:
        """Compute every metric by ``metric_key``, as fractions: the model's, and the mean shape's for scale.

        Raises:
            UserError: The shards do not read, or are not those of the training.
        """
        device = device_named(None)
        loaded = load_model(model)
        found = _predictions(loaded, job.shards, "test", self.batch_size, device)
        mean = ShardReader(job.shards, "train").statistics().mean_shape
        as_mean = found.in_photos(np.broadcast_to(mean, found.predicted.shape))
        prepared = Prepared.open(job.shards)
        metrics = dict(self._tested(prepared, found, found.predicted))
        metrics |= self._tested(prepared, found, as_mean, of=MEAN_SHAPE)
        metrics |= self._of_the_training(loaded, progress)
        if self.ellipses:
            validation = _predictions(loaded, job.shards, "val", self.batch_size, device)
            metrics |= {
                f"{ANISOTROPY}/{n}": ratio for n, ratio in enumerate(anisotropies(validation, prepared.schema))
            }
        return metrics

    def _tested(
        self, prepared: Prepared, found: Predictions, points: NDArray[np.float64], of: str = ""
    ) -> Iterator[tuple[str, float]]:
        lacking = prepared.lacking(self.table)
        curves = dict.fromkeys(row.curve for row in self.table.trained)
        for key, column in self.table.columns.items():
            if key in lacking or column.figure in AT_AN_EPOCH or column.figure == "parameters":
                continue
            for name in curves:
                landmarks = None if name is None else curve(prepared.schema, name)
                if name is None or landmarks is not None:
                    faces = prepared.faces(column)
                    yield (
                        metric_key(key, name, of),
                        measured(column, found, points, faces, prepared.schema, landmarks),
                    )

    def _of_the_training(self, model: ModelFolder, progress: Progress) -> Iterator[tuple[str, float]]:
        for key, column in self.table.columns.items():
            if column.figure == "parameters":
                yield key, float(model.card.parameters)
            if column.epoch is not None and self.table.epochs is not None:
                epoch = epoch_for(column.epoch, self.table.epochs, model.card.job.train.epochs)
                parts = progress.history[min(epoch, len(progress.history)) - 1].parts
                yield key, parts[_TRAINING[column.figure]]


def measured(
    column: Column,
    found: Predictions,
    points: NDArray[np.float64],
    faces_F: NDArray[np.bool_],
    schema: LandmarkSchema,
    landmarks: tuple[int, ...] | None = None,
) -> float:
    """One metric of the test faces, a fraction.

    Args:
        column: Which.
        found: The faces.
        points: (F, N, 2) what was predicted, pixels of the photos.
        faces_F: Those of the column's subset.
        schema: The landmarks.
        landmarks: Those to measure; None: all.
    """
    ids = tuple(np.array(found.ids)[faces_F])
    chosen = points[faces_F], found.truth[faces_F], found.valid[faces_F], schema, column.normalizer
    if column.figure == "nme" and landmarks is None:
        return float(nme(*chosen, ids).mean())
    if column.figure in WITH_THRESHOLD:
        assert column.threshold is not None, "as the table's rules have it"
        measure = auc if column.figure == "auc" else failure_rate
        return measure(nme(*chosen, ids), column.threshold)
    return float(getattr(directed_nme(*chosen, landmarks, ids), _DIRECTED[column.figure]))


def epoch_for(epoch: int, of: int, epochs: int) -> int:
    """The epoch of a training of ``epochs`` that lies where ``epoch`` lies in one of ``of``; 1 at least."""
    return max(1, round(epoch * epochs / of))


def anisotropies(found: Predictions, schema: LandmarkSchema) -> list[float]:
    """λ of each landmark: the long radius of the ellipse of its errors over the short one, in upright faces.

    Raises:
        UserError: The landmarks have no inter-ocular distance to measure errors in, or one is known on fewer than
            two faces.
    """
    upright = aligned_errors(found, schema)
    return [float(ratio) for ratio in error_ellipses(upright.errors, upright.valid).anisotropy]


def _predictions(
    model: ModelFolder, shards: Place, fold: Fold, batch_size: int, device: torch.device
) -> Predictions:
    reader = ShardReader(shards, fold)
    model.require(InputSpec(crop=reader.index.crop, landmarks=reader.index.landmarks), shards)
    return predict(model.method.to(device), eval_batches(FaceDataset(reader), batch_size=batch_size), device)


def ellipses_from(metrics: Mapping[str, float], landmarks: int) -> list[list[float]]:
    """The settings' ``ellipses`` that have the measured λ."""
    return [[metrics[f"{ANISOTROPY}/{n}"], 1.0] for n in range(landmarks)]
