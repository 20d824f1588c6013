"""The hierarchical, parallel, multi-scale residual block.

Bulat & Tzimiropoulos, "Binarized convolutional landmark localizers for human pose estimation and face alignment
with limited resources", ICCV 2017; it takes the place of the bottleneck of the first hourglass networks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class MultiscaleBlock(nn.Module):
    """Three 3×3 convolutions in a row, whose outputs (½, ¼ and ¼ of the width) stand side by side, plus a skip.

    Each convolution follows its own batch norm and ReLU and has no bias. The skip is the identity, or a
    BN-ReLU-1×1 where the widths differ. (B, in, H, W) → (B, out, H, W).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output; a multiple of 4.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half, quarter = out_channels // 2, out_channels // 4
        self.wide = _PreActivated(in_channels, half, kernel_size=3)
        self.middle = _PreActivated(half, quarter, kernel_size=3)
        self.deep = _PreActivated(quarter, quarter, kernel_size=3)
        self.skip = (
            nn.Identity()
            if in_channels == out_channels
            else _PreActivated(in_channels, out_channels, kernel_size=1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, in, H, W) → (B, out, H, W)."""
        wide = self.wide(features)
        middle = self.middle(wide)
        deep = self.deep(middle)
        out: Tensor = torch.cat([wide, middle, deep], dim=1) + self.skip(features)
        return out


class _PreActivated(nn.Module):
    """BN, ReLU, convolution without bias; the map keeps its size."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        # In place: batch norm needs its input for the backward pass, not its output.
        convolved: Tensor = self.conv(functional.relu(self.norm(features), inplace=True))
        return convolved
