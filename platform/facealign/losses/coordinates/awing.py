"""The Adaptive Wing loss on coordinates, for Anisotropic's Table 6.

AWing (Wang, Bo & Li, ICCV 2019, Eq. 3) adapts the power of its curve to the heatmap's value. A coordinate has no
such value; here it behaves as on a landmark's own pixel, y = 1. The table itself reports AWing's published
results, which are of heatmap regression.
"""

import torch
from torch import Tensor

from facealign.losses.awing import AWingLossSettings
from facealign.losses.coordinates.base import COORDINATE_LOSSES, SeparableLoss


@COORDINATE_LOSSES.register("awing")
class CoordinateAWingLoss(SeparableLoss):
    """ω ln(1 + |x/ε|^(α−1)) where |x| < θ, else A|x| − C; value and slope are continuous at 0 and at θ."""

    Config = AWingLossSettings
    config: AWingLossSettings

    def value(self, errors: Tensor) -> Tensor:
        """Eq. 3 with y = 1, errors in px of a 256 px crop."""
        omega, epsilon, theta = self.config.omega, self.config.epsilon, self.config.theta
        power = self.config.alpha - 1
        distance = errors.abs()
        near = distance.clamp(max=theta)
        curve: Tensor = omega * torch.log1p((near / epsilon) ** power)
        at_theta = (theta / epsilon) ** power
        slope = float(omega * power * at_theta / (theta * (1 + at_theta)))
        line: Tensor = slope * (distance - near)
        return curve + line
