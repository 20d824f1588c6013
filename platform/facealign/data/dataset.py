"""Faces of a fold as training or evaluation views."""

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from facealign.data.augmentation.annotation_noise import move_at_random
from facealign.data.augmentation.pixels import change_pixels
from facealign.data.augmentation.settings import NONE, AugmentSettings
from facealign.data.augmentation.views import (
    CropView,
    cut_image,
    draw_view,
    exchange,
    move_points,
    plain_view,
    view_to_photo,
)
from facealign.data.batch import Batch
from facealign.data.images import Image8
from facealign.data.sampler.order import sample_rng
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.row import StoredFace
from facealign.geometry import LandmarkSchema


class Draw(NamedTuple):
    """A row, and the (epoch, position) that its augmentation is drawn for."""

    row: int
    epoch: int
    position: int


@dataclass(frozen=True)
class FaceDataset:
    """Map-style: ``dataset[Draw(row, epoch, position)]`` is one face. No state: equal draws give equal views.

    Args:
        reader: The fold.
        augment: What training views may do; ``NONE`` for the plain crop.
        seed: Of order, augmentation and annotation noise.
        views: 2 adds a second, independent view of each face, for ``Batch.pair``; the first stays what it is.

    Raises:
        UserError: ``augment.extra_transforms`` names what Albumentations does not have, or what moves landmarks.
    """

    reader: ShardReader
    augment: AugmentSettings = NONE
    seed: int = 0
    views: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if self.augment.extra_transforms:
            from facealign.data.augmentation.extra_transforms import (
                transform_of,  # its library takes a second to import
            )

            for transform in self.augment.extra_transforms:
                transform_of(transform)

    def __len__(self) -> int:
        return len(self.reader)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        """A view, with the fields of a ``Batch`` as NumPy arrays without their first axis; ``images`` (S, S, 3).

        With two views, the second is under ``pair``.
        """
        # Workers are the parallelism; threads of OpenCV below them would only fight over the cores.
        cv2.setNumThreads(0)
        face = self.reader[draw.row]
        picture = face.image()
        points_N2 = self._annotated(face)
        view, *others = (self._view(face, picture, points_N2, draw, number) for number in range(self.views))
        return {**view, "pair": others[0]} if others else view

    def plain(self) -> "FaceDataset":
        """Return the fold without augmentation, annotation noise and second views."""
        return replace(self, augment=NONE, views=1)

    def _view(
        self, face: StoredFace, picture: Image8, points_N2: NDArray[np.float32], draw: Draw, number: int
    ) -> dict[str, Any]:
        """View ``number`` of a face: a function of (seed, epoch, position, number)."""
        crop, schema = self.reader.index.crop, self.reader.index.landmarks
        covered = None
        if self.augment.changes_views:
            rng = _view_rng(self.seed, draw, number)
            view = draw_view(crop, self.augment, rng)
            image = cut_image(picture, view, crop.size)
            if np.may_share_memory(image, picture):
                image = image.copy()  # another view may look at the image
            covered = change_pixels(image, self.augment, rng)
        else:
            view = plain_view(crop)
            image = cut_image(picture, view, crop.size)
        fields = fields_of(face, image, points_N2, view, schema)
        if covered is not None and self.augment.occlusion_hides:
            fields["visible"] = fields["visible"] & ~covered.holds(fields["points"])
        return fields

    def _annotated(self, face: StoredFace) -> NDArray[np.float32]:
        """(N, 2) training landmarks with annotation noise, stored-crop pixels."""
        settings = self.augment
        if settings.annotation_noise == 0:
            return face.points
        return move_at_random(
            face.points,
            face.valid,
            self.reader.index.landmarks,
            share=settings.annotation_noise,
            distance=settings.annotation_noise_distance,
            seed=self.seed,
            sample_id=face.labels.id,
        )


def fields_of(
    face: StoredFace, image: Image8, points_N2: NDArray[np.float32], view: CropView, schema: LandmarkSchema
) -> dict[str, Any]:
    """The fields of a ``Batch`` for one face, as NumPy arrays without the first axis.

    Args:
        image: (S, S, 3) what the network is shown.
        points_N2: (N, 2) its landmarks, stored-crop pixels.
        view: Stored-crop pixels → pixels of ``image``.
    """
    return {
        "images": image,
        "points": move_points(points_N2, face.valid, view, schema),
        "valid": exchange(face.valid, view, schema),
        "visible": exchange(face.visible, view, schema),
        "to_photo": view_to_photo(face.to_photo, view),
        "ids": face.labels.id,
        "attributes": face.labels.attributes,
    }


def collate(views: list[dict[str, Any]]) -> Batch:
    """B views → one batch, with their second views as its ``pair`` if they have any."""
    tensors = {
        name: torch.from_numpy(np.stack([view[name] for view in views]))
        for name in ("points", "valid", "visible", "to_photo")
    }
    images_BHWC = torch.from_numpy(np.stack([view["images"] for view in views]))
    return Batch(
        images=images_BHWC.permute(0, 3, 1, 2),  # no copy: convolutions are fastest on channels last
        ids=tuple(view["ids"] for view in views),
        attributes=tuple(view["attributes"] for view in views),
        pair=collate([view["pair"] for view in views]) if "pair" in views[0] else None,
        **tensors,
    )


def _view_rng(seed: int, draw: Draw, number: int) -> np.random.Generator:
    rng = sample_rng(seed, draw.epoch, draw.position)
    if number:
        # Further on in the sample's own stream, by more than any view draws.
        rng.bit_generator.advance(number << 64)  # type: ignore[attr-defined]  # Philox has it
    return rng
