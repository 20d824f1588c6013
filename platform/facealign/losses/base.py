"""Interface of heatmap losses, and their choice in a settings file."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Registry, Settings
from facealign.losses.choice import Choice

ELEMENTS_AT_ONCE = 1 << 16
"""Pixels handled together on a CPU: a loss is a dozen passes over them, and a quarter megabyte stays in cache."""


class HeatmapLoss(ABC):
    """A loss of single heatmap pixels, with its slope in closed form.

    Value and slope share most of their arithmetic, so they are computed together, once, and the backward pass is
    one product: several times less work and memory than recording each operation.

    Args:
        config: The loss's own ``Config``.
    """

    Config: ClassVar[type[Settings]]

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def value_and_slope(self, error: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and its derivative by ``error``, for pixels of any shape.

        Args:
            error: Prediction minus target, float32 or float64.
            target: The target, same shape, 0…1.

        Returns:
            Two new tensors of that shape, which the caller may overwrite.
        """

    def per_map(self, prediction: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
        """The weighted mean over the pixels of each map, (B, C), in float32 at least.

        Args:
            prediction: (B, C, H, W), any float type and memory format.
            target: (B, C, H, W).
            weights: (B, C, H, W) factors; they multiply the pixels' losses and do not divide the mean (Eq. 5).
        """
        wide = torch.promote_types(prediction.dtype, torch.float32)
        # Contiguous: passes over two tensors of different memory formats are several times slower.
        prediction = prediction.to(wide, memory_format=torch.contiguous_format)
        means: Tensor = _MapMeans.apply(prediction, target.to(wide), weights, self)  # type: ignore[no-untyped-call]
        return means


class _MapMeans(torch.autograd.Function):
    """Weighted mean of a loss over the last two dimensions; the gradient is made in the forward pass."""

    @staticmethod
    def forward(ctx: Any, prediction: Tensor, target: Tensor, weights: Tensor | None, loss: HeatmapLoss) -> Tensor:
        shape, pixels = prediction.shape[:2], prediction.shape[2] * prediction.shape[3]
        inputs = [tensor.reshape(-1, pixels) for tensor in (prediction, target)]
        factors = None if weights is None else weights.reshape(-1, pixels)
        slopes = torch.empty_like(inputs[0])
        means = prediction.new_empty(len(slopes))
        step = max(1, ELEMENTS_AT_ONCE // pixels) if prediction.device.type == "cpu" else len(slopes)
        for start in range(0, len(slopes), step):
            rows = slice(start, start + step)
            value, slope = loss.value_and_slope(inputs[0][rows] - inputs[1][rows], inputs[1][rows])
            if factors is not None:
                value *= factors[rows]
                slope *= factors[rows]
            means[rows] = value.mean(dim=1)
            torch.mul(slope, 1 / pixels, out=slopes[rows])
        ctx.save_for_backward(slopes.view_as(prediction))
        return means.view(shape)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_BC: Tensor) -> tuple[Tensor, None, None, None]:
        (slopes,) = ctx.saved_tensors
        return slopes * grad_BC[:, :, None, None], None, None, None


LOSSES: Registry[type[HeatmapLoss]] = Registry("loss", "facealign.losses")
"""Every heatmap loss by name; ``@LOSSES.register("awing")`` in the loss's own file puts it here."""


class LossChoice(Choice):
    """A heatmap loss by name, with its parameters."""

    registry = LOSSES
    kind = "loss"

    name: str = Field(default="awing", description="which heatmap loss")

    def build(self) -> HeatmapLoss:
        """The loss itself."""
        return LOSSES[self.name](self.config())
