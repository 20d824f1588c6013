"""The Wing loss: Feng et al., "Wing loss for robust facial landmark localization with CNNs", CVPR 2018, Eq. 5."""

import math

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.losses.coordinates.base import COORDINATE_LOSSES, SeparableLoss


class CoordinateWingSettings(Settings):
    """Parameters of Eq. 5; the defaults are Feng et al.'s. SCC compares with ω 20 (its Fig. 4 and Table 8)."""

    omega: float = Field(
        default=10.0, gt=0.0, description="ω, error at which the curve turns into a line, px of 256"
    )
    epsilon: float = Field(default=2.0, gt=0.0, description="ε, error that the curve is measured in, px of 256")


@COORDINATE_LOSSES.register("wing")
class CoordinateWingLoss(SeparableLoss):
    """ω ln(1 + |x|/ε) where |x| < ω, else |x| − C with C = ω − ω ln(1 + ω/ε).

    The value is continuous at ω; the slope there jumps from ω/(ω + ε) to 1.
    """

    Config = CoordinateWingSettings
    config: CoordinateWingSettings

    def value(self, errors: Tensor) -> Tensor:
        """Eq. 5; the slope at 0 is 0, and ±ω/ε beside it."""
        omega, epsilon = self.config.omega, self.config.epsilon
        distance = errors.abs()
        curve = omega * torch.log1p(distance / epsilon)
        line = distance - (omega - omega * math.log1p(omega / epsilon))
        return torch.where(distance < omega, curve, line)
