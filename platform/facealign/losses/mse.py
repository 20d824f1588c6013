"""The squared error, the baseline of every heatmap paper."""

import torch
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
        """d² and 2d; the target itself has no effect."""
        return error.square(), 2 * error


@torch.no_grad()
def squared_errors(prediction: Tensor, target: Tensor, counts_BC: Tensor) -> tuple[Tensor, Tensor]:
    """Squared errors of maps, whichever loss they are trained with (AWing, Table 10).

    Args:
        prediction: (B, C, H, W), any float type.
        target: (B, C, H, W); its foreground are the pixels above 0 (AWing, §1).
        counts_BC: 1 for the channels that count, 0 for the others.

    Returns:
        () the mean squared error over all pixels, and () that over the foreground, each of a face's channels that
        count, averaged over faces; a face without any such pixel counts as 0.
    """
    squares = (prediction.float() - target).square() * counts_BC[:, :, None, None]
    counted = counts_BC[:, :, None, None].expand_as(target)
    return _mean_over(squares, counted), _mean_over(squares, counted * (target > 0))


def _mean_over(squares: Tensor, pixels: Tensor) -> Tensor:
    return ((squares * pixels).sum(dim=(1, 2, 3)) / pixels.sum(dim=(1, 2, 3)).clamp_min(1)).mean()
