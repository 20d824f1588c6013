"""The Adaptive Wing loss.

Wang, Bo & Li, "Adaptive Wing loss for robust face alignment via heatmap regression", ICCV 2019, Eq. 3. Near zero
error the loss follows a power that adapts to the target: like a squared error on the background (y = 0), like a
Wing loss with a smooth bottom on a landmark (y = 1). Far from zero it is linear.
"""

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.losses.base import LOSSES, HeatmapLoss


class AWingLossSettings(Settings):
    """Parameters of Eq. 3; the defaults are the paper's (§4.2, Tables 5 and 6)."""

    alpha: float = Field(
        default=2.1, gt=2.0, le=4.0, description="α; the exponent α − y must exceed 1 on a landmark, where y = 1"
    )
    omega: float = Field(default=14.0, gt=0.0, description="ω, height of the curved part")
    epsilon: float = Field(default=1.0, gt=0.0, description="ε, error that the curved part is measured in")
    theta: float = Field(default=0.5, gt=0.0, description="θ, error at which the curve turns into a line")


@LOSSES.register("awing")
class AWingLoss(HeatmapLoss):
    """Eq. 3: ω ln(1 + |d/ε|^(α−y)) where |d| < θ, else A|d| − C; smooth at d = 0 and at |d| = θ too."""

    Config = AWingLossSettings
    config: AWingLossSettings

    def value_and_slope(self, error: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 3 without its case distinction.

        With m = min(|d|, θ) and t = (m/ε)^(α−y), the slope is s = ω (α−y) t / (m (1+t)), because A is the curve's
        slope at θ; and the value is ω ln(1+t) + s (|d| − m), whose last term is zero on the curve.
        """
        settings = self.config
        distance = error.abs()
        near = distance.clamp(max=settings.theta)
        power = settings.alpha - target
        ratio = (near / settings.epsilon).log_().mul_(power).exp_()
        # At zero error the division would be 0/0; the slope's limit there is 0.
        beyond, near = distance.sub_(near), near.clamp_(min=torch.finfo(near.dtype).tiny)
        slope = power.mul_(ratio).mul_(settings.omega).div_((1 + ratio).mul_(near))
        value = ratio.log1p_().mul_(settings.omega).addcmul_(beyond, slope)
        return value, slope.mul_(torch.sign(error))
