"""The Wing loss of heatmap pixels, which AWing starts from and finds not to converge.

Wang, Bo & Li, "Adaptive Wing loss for robust face alignment via heatmap regression", ICCV 2019, Eq. 2, after Feng
et al., CVPR 2018, Eq. 5.
"""

import math

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.losses.base import LOSSES, HeatmapLoss


class WingSettings(Settings):
    """Parameters of Eq. 2; AWing names none for pixels, and the defaults are Feng et al.'s for coordinates."""

    omega: float = Field(
        default=10.0,
        gt=0.0,
        description="ω, error at which the curve turns into a line; pixels differ by 1 at most",
    )
    epsilon: float = Field(default=2.0, gt=0.0, description="ε, error that the curve is measured in")


@LOSSES.register("wing")
class WingLoss(HeatmapLoss):
    """Eq. 2: ω ln(1 + |d|/ε) where |d| < ω, else |d| − C with C = ω − ω ln(1 + ω/ε).

    The value is continuous at ω, where the slope jumps from ω/(ω + ε) to 1; at 0 the slope jumps from −ω/ε to ω/ε,
    on the background as on a landmark. AWing removes both jumps.
    """

    Config = WingSettings
    config: WingSettings

    def value_and_slope(self, error: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 2; the slope at 0 is 0. The target is not used."""
        omega, epsilon = self.config.omega, self.config.epsilon
        distance, is_near = error.abs(), error.abs() < omega
        line = distance - (omega - omega * math.log1p(omega / epsilon))
        value = torch.where(is_near, omega * torch.log1p(distance / epsilon), line)
        slope = torch.where(is_near, omega / (epsilon + distance), 1.0)
        return value, slope.mul_(torch.sign(error))
