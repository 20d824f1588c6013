"""The pre-activated bottleneck block of the first hourglass networks.

He et al., "Identity mappings in deep residual networks", ECCV 2016; Newell et al., "Stacked hourglass networks",
ECCV 2016; ADNet, Table 11, whose skip convolution is there only where the widths differ: so, and with biases, the
network has the 13.37 M parameters of the paper's Table 13.
"""

from torch import Tensor, nn
from torch.nn import functional


class BottleneckBlock(nn.Module):
    """1×1, 3×3 and 1×1 convolutions, the first two at half the width of the output, plus a skip.

    Each convolution follows its own batch norm and ReLU and has a bias. The skip is the identity, or a 1×1 where
    the widths differ. (B, in, H, W) → (B, out, H, W).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output, even.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, half, 1)
        self.norm2 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1)
        self.norm3 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, out_channels, 1)
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, in, H, W) → (B, out, H, W)."""
        # In place: batch norm needs its input for the backward pass, not its output.
        x = self.conv1(functional.relu(self.norm1(features), inplace=True))
        x = self.conv2(functional.relu(self.norm2(x), inplace=True))
        x = self.conv3(functional.relu(self.norm3(x), inplace=True))
        out: Tensor = x + self.skip(features)
        return out
