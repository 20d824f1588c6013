"""The Soft Wing loss: Zhu et al., "Fast and accurate: structure coherence component for face alignment", Eq. 9."""

import math

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.losses.coordinates.base import COORDINATE_LOSSES, SeparableLoss


class SoftWingSettings(Settings):
    """Parameters of Eq. 9; the defaults are the paper's (§4.2)."""

    omega1: float = Field(
        default=2.0, ge=0.0, description="ω1, error at which the line turns into a curve, px of 256"
    )
    omega2: float = Field(default=20.0, gt=0.0, description="ω2, height of the curve")
    epsilon: float = Field(default=0.5, gt=0.0, description="ε, error that the curve is measured in, px of 256")


@COORDINATE_LOSSES.register("soft_wing")
class SoftWingLoss(SeparableLoss):
    """|x| where |x| < ω1, else ω2 ln(1 + |x|/ε) + B with B = ω1 − ω2 ln(1 + ω1/ε).

    The value is continuous at ω1. The slope is not, and that is its point: at the paper's parameters it jumps from
    1 to 8 at 2 px, so that medium errors count most, and falls to ω2/|x| for large ones.
    """

    Config = SoftWingSettings
    config: SoftWingSettings

    def value(self, errors: Tensor) -> Tensor:
        """Eq. 9; the slope at 0 is 0, and ±1 beside it."""
        omega1, omega2, epsilon = self.config.omega1, self.config.omega2, self.config.epsilon
        distance = errors.abs()
        offset = omega1 - omega2 * math.log1p(omega1 / epsilon)
        curve = omega2 * torch.log1p(distance / epsilon) + offset
        return torch.where(distance < omega1, distance, curve)
