"""The squared error, the baseline of every heatmap paper."""

from torch import Tensor

from facealign.config import Settings
from facealign.losses.base import LOSSES, HeatmapLoss


class MSESettings(Settings):
    """The squared error has no parameters."""


@LOSSES.register("mse")
class MSELoss(HeatmapLoss):
    """d², with slope 2d."""

    Config = MSESettings

    def value_and_slope(self, error: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """d² and 2d; the target itself plays no part."""
        return error.square(), 2 * error
