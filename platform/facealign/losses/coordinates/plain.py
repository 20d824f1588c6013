"""The losses that every paper compares with: L1, L2 and smooth L1."""

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.losses.coordinates.base import COORDINATE_LOSSES, SeparableLoss


class NoParameters(Settings):
    """The loss has no parameters."""


@COORDINATE_LOSSES.register("l1")
class L1Loss(SeparableLoss):
    """|x|."""

    Config = NoParameters

    def value(self, errors: Tensor) -> Tensor:
        """|x|; its slope at 0 is 0."""
        return errors.abs()


@COORDINATE_LOSSES.register("l2")
class L2Loss(SeparableLoss):
    """x², so that a landmark's loss is its squared distance (Anisotropic, Eq. 1)."""

    Config = NoParameters

    def value(self, errors: Tensor) -> Tensor:
        """x²."""
        return errors.square()


class SmoothL1Settings(Settings):
    """Parameters of the smooth L1 loss."""

    beta: float = Field(default=1.0, gt=0.0, description="error up to which the loss is a parabola, px of 256")


@COORDINATE_LOSSES.register("smooth_l1")
class SmoothL1Loss(SeparableLoss):
    """x²/2β where |x| < β, else |x| − β/2: Girshick, "Fast R-CNN", ICCV 2015, Eq. 3, which has β = 1."""

    Config = SmoothL1Settings
    config: SmoothL1Settings

    def value(self, errors: Tensor) -> Tensor:
        """The parabola and the line; value and slope are continuous at β."""
        return torch.nn.functional.smooth_l1_loss(
            errors, torch.zeros_like(errors), reduction="none", beta=self.config.beta
        )
