"""Interface of coordinate losses, and their choice in a settings file.

All of them are in pixels of a crop of 256 px, whatever the crop's real side: the papers' parameters are in those
pixels, and the Wing losses would never leave their first branch if coordinates ran from 0 to 1.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from facealign.config import Registry, Settings
from facealign.geometry import LandmarkSchema
from facealign.losses.choice import Choice

CROP = 256.0
"""Side of the crop in whose pixels errors are measured."""


class CoordinateLoss(ABC):
    """A loss of single landmarks.

    Args:
        config: The loss's own ``Config``.
        schema: The landmarks, and the curves they lie on.
    """

    Config: ClassVar[type[Settings]]

    def __init__(self, config: Any, schema: LandmarkSchema) -> None:
        self.config = config
        self.schema = schema

    @abstractmethod
    def per_landmark(self, errors_BN2: Tensor, shape_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """The loss of each landmark, (B, N), in the errors' type.

        Args:
            errors_BN2: Predicted minus true, px of a 256 px crop, float32 or float64. Values at invalid
                landmarks have no effect on the loss of others.
            shape_BN2: Landmarks whose curves give directions, in any unit, in the errors' orientation,
                for example the true ones. Invalid ones are not used.
            valid_BN: Which landmarks of ``shape_BN2`` are known.
        """


class SeparableLoss(CoordinateLoss):
    """A loss of x plus the same loss of y."""

    @abstractmethod
    def value(self, errors: Tensor) -> Tensor:
        """The loss of single coordinates, px of a 256 px crop; any shape."""

    def per_landmark(self, errors_BN2: Tensor, shape_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """The sum over x and y; directions are not used."""
        return self.value(errors_BN2).sum(dim=-1)


def coordinate_errors(predicted_BN2: Tensor, true_BN2: Tensor, valid_BN: Tensor, image_size: int) -> Tensor:
    """(B, N, 2) errors in px of a 256 px crop, at least float32; 0 at landmarks that are not valid.

    Args:
        predicted_BN2: Crop pixels, any float type.
        true_BN2: Crop pixels, finite.
        valid_BN: Which landmarks have a truth.
        image_size: Side of the crop.
    """
    wide = torch.promote_types(predicted_BN2.dtype, torch.float32)
    errors_BN2 = (predicted_BN2.to(wide) - true_BN2.to(wide)) * (CROP / image_size)
    return torch.where(valid_BN[..., None], errors_BN2, 0.0)


COORDINATE_LOSSES: Registry[type[CoordinateLoss]] = Registry("coordinate loss", "facealign.losses.coordinates")
"""Every loss of coordinates by name; ``@COORDINATE_LOSSES.register("l1")`` in the loss's own file puts it here."""


class CoordinateLossChoice(Choice):
    """A loss of coordinates by name, with its parameters."""

    registry = COORDINATE_LOSSES
    kind = "coordinate loss"

    def build(self, schema: LandmarkSchema) -> CoordinateLoss:
        """Make the loss for the landmarks of ``schema``."""
        return COORDINATE_LOSSES[self.name](self.config(), schema)
