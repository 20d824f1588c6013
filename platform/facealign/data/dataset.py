"""Faces of a fold as training or evaluation views."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from facealign.data.augment import Photometric
from facealign.data.augment_settings import NONE, AugmentSettings
from facealign.data.batch import Batch
from facealign.data.order import sample_rng
from facealign.data.shards.reader import ShardReader
from facealign.data.views import cut_image, draw_view, exchange, move_points, plain_view
from facealign.geometry import affine


class Draw(NamedTuple):
    """Which row to look at, and the (epoch, position) that its augmentation is drawn for."""

    row: int
    epoch: int
    position: int


@dataclass(frozen=True)
class FaceDataset:
    """Map-style: ``dataset[Draw(row, epoch, position)]`` is one view. No state: equal draws give equal views.

    Args:
        reader: The fold.
        augment: What training views may do; ``NONE`` for the plain crop.
        seed: Of order and augmentation.
    """

    reader: ShardReader
    augment: AugmentSettings = NONE
    seed: int = 0

    def __len__(self) -> int:
        return len(self.reader)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        """A view, with the fields of a ``Batch`` as NumPy arrays without their first axis."""
        face = self.reader[draw.row]
        crop, schema = self.reader.index.crop, self.reader.index.landmarks
        if self.augment == NONE:
            view = plain_view(crop)
            image = cut_image(face.image(), view, crop.size)
        else:
            rng = sample_rng(self.seed, draw.epoch, draw.position)
            view = draw_view(crop, self.augment, rng)
            image = _photometric(self.augment)(cut_image(face.image(), view, crop.size), rng)
        return {
            "images": image,
            "points": move_points(face.points, face.valid, view, schema),
            "valid": exchange(face.valid, view, schema),
            "visible": exchange(face.visible, view, schema),
            "to_photo": affine.compose(face.to_photo, affine.invert(view.matrix)),
            "ids": face.labels.id,
        }

    def plain(self) -> "FaceDataset":
        """The same fold without augmentation."""
        return replace(self, augment=NONE)


def collate(views: list[dict[str, Any]]) -> Batch:
    """B views → one batch."""
    images_BHWC = np.stack([view["images"] for view in views])
    tensors = {
        name: torch.from_numpy(np.stack([view[name] for view in views]))
        for name in ("points", "valid", "visible", "to_photo")
    }
    return Batch(
        images=torch.from_numpy(np.ascontiguousarray(images_BHWC.transpose(0, 3, 1, 2))),
        ids=tuple(view["ids"] for view in views),
        **tensors,
    )


@cache
def _photometric(settings: AugmentSettings) -> Photometric:
    # Workers are the parallelism; threads of OpenCV below them would only fight over the cores.
    cv2.setNumThreads(0)
    return Photometric(settings)
