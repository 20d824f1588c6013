"""Landmarks of many faces: the network's, and the truth beside them, on the original photos."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.data.batch import Batch
from facealign.methods import Method


@dataclass(frozen=True)
class Predictions:
    """F faces, in the order they came.

    Attributes:
        predicted: (F, N, 2) float64, pixels of the original photos.
        truth: (F, N, 2) float64, likewise.
        valid: (F, N) bool; False where there is no truth to measure against.
        to_photo: (F, 2, 3) float64, crop pixels → photo pixels.
        ids: The F sample ids.
    """

    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    valid: NDArray[np.bool_]
    to_photo: NDArray[np.float64]
    ids: tuple[str, ...]

    def in_photos(self, crop_points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F, N, 2) crop pixels of these faces → pixels of their photos."""
        return to_photos(self.to_photo, crop_points)

    def in_crops(self, photo_points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F, N, 2) pixels of these faces' photos → crop pixels."""
        linear, offset = self.to_photo[:, :, :2], self.to_photo[:, None, :, 2]
        return np.asarray(np.linalg.solve(linear, (photo_points - offset).swapaxes(1, 2)).swapaxes(1, 2))


@torch.no_grad()
def predict(
    method: Method, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype | None = None
) -> Predictions:
    """Run ``method`` over ``batches`` in evaluation mode; the mode it was in is restored.

    Args:
        dtype: Of autocast; None computes in float32.
    """
    was_training = method.training
    method.eval()
    rows: list[tuple[NDArray[Any], ...]] = []
    ids: list[str] = []
    for batch in batches:
        images = batch.images.to(device, non_blocking=True)
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            outputs = method(images)
        points = method.decode(outputs).double().cpu().numpy()
        matrices = batch.to_photo.numpy()
        truth = to_photos(matrices, batch.points.double().numpy())
        rows.append((to_photos(matrices, points), truth, batch.valid.numpy(), matrices))
        ids.extend(batch.ids)
    method.train(was_training)
    if not rows:
        n = method.schema.size
        none = np.empty((0, n, 2))
        return Predictions(none, none, np.empty((0, n), dtype=np.bool_), np.empty((0, 2, 3)), ())
    predicted, truth, valid, to_photo = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Predictions(predicted, truth, valid, to_photo, tuple(ids))


def to_photos(to_photo_F23: NDArray[np.float64], points_FN2: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, N, 2) crop pixels → pixels of the original photos."""
    return points_FN2 @ to_photo_F23[:, :, :2].swapaxes(1, 2) + to_photo_F23[:, None, :, 2]
