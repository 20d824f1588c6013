"""The hourglass of Newell, Yang & Deng, ECCV 2016, Fig. 3, as published: bottlenecks and max-pooling."""

from torch import Tensor, nn
from torch.nn import functional

from facealign.models.bottleneck import BottleneckBlock


class BottleneckHourglass(nn.Module):
    """(B, C, S, S) → (B, C, S, S), where S is a multiple of 2 to the ``depth``.

    Args:
        channels: C, even.
        depth: How often the map is halved.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.skip = BottleneckBlock(channels, channels)
        self.before = BottleneckBlock(channels, channels)
        self.inner = BottleneckHourglass(channels, depth - 1) if depth > 1 else BottleneckBlock(channels, channels)
        self.after = BottleneckBlock(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, S, S) → (B, C, S, S)."""
        low = self.after(self.inner(self.before(functional.max_pool2d(features, 2))))
        out: Tensor = self.skip(features) + functional.interpolate(low, scale_factor=2.0, mode="nearest")
        return out
