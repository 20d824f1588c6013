"""Landmarks of many faces: the network's, and the truth beside them, on the original photos."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
        visible: (F, N) bool; True where the landmark is to be seen. None: nothing is known to be hidden.
    """

    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    valid: NDArray[np.bool_]
    to_photo: NDArray[np.float64]
    ids: tuple[str, ...]
    visible: NDArray[np.bool_] | None = None

    @classmethod
    def joined(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """The faces of several processes, in the order of the parts; at least one.

        Raises:
            ValueError: Some parts know what is hidden and some do not.
        """
        seen = [part.visible for part in parts if part.visible is not None]
        if len(seen) not in (0, len(parts)):
            raise ValueError("of some faces it is known which landmarks are hidden, and of others not")
        predicted, truth, valid, to_photo = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("predicted", "truth", "valid", "to_photo")
        )
        ids = tuple(name for part in parts for name in part.ids)
        return cls(predicted, truth, valid, to_photo, ids, np.concatenate(seen) if seen else None)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(F, N) bool; ``visible``, True everywhere where nothing is known to be hidden."""
        return np.ones_like(self.valid) if self.visible is None else self.visible

    def of(self, faces: NDArray[np.bool_] | NDArray[np.intp]) -> "Predictions":
        """Some of the faces: those of an (F,) mask, or of rows in their order."""
        rows = np.arange(len(self.ids))[faces]
        return Predictions(
            self.predicted[rows],
            self.truth[rows],
            self.valid[rows],
            self.to_photo[rows],
            tuple(self.ids[row] for row in rows.tolist()),
            None if self.visible is None else self.visible[rows],
        )

    def in_photos(self, crop_points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F, N, 2) crop pixels of these faces → pixels of their photos."""
        return to_photos(self.to_photo, crop_points)


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
    parts: list[Predictions] = [_no_faces(method.schema.size)]
    for batch in batches:
        images = batch.images.to(device, non_blocking=True)
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            outputs = method(images)
        points = method.decode(outputs).double().cpu().numpy()
        matrices = batch.to_photo.numpy()
        truth = to_photos(matrices, batch.points.double().numpy())
        found = to_photos(matrices, points)
        parts.append(Predictions(found, truth, batch.valid.numpy(), matrices, batch.ids, batch.visible.numpy()))
    method.train(was_training)
    return Predictions.joined(parts)


def _no_faces(landmarks: int) -> Predictions:
    points, no = np.empty((0, landmarks, 2)), np.empty((0, landmarks), dtype=np.bool_)
    return Predictions(points, points, no, np.empty((0, 2, 3)), (), no)


def to_photos(to_photo_F23: NDArray[np.float64], points_FN2: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, N, 2) crop pixels → pixels of the original photos."""
    return points_FN2 @ to_photo_F23[:, :, :2].swapaxes(1, 2) + to_photo_F23[:, None, :, 2]
