"""Anti-aliased pooling: Zhang, "Making convolutional networks shift-invariant again", ICML 2019."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class MaxBlurPool(nn.Module):
    """Maxima of 2×2 pixels about every pixel, blurred by [1 2 1]/4 along both axes, at every second pixel.

    Max-pooling by 2 is these maxima at every second pixel without the blur, so what it takes depends on whether a
    feature lies on an even or an odd pixel. Each output pixel is centered on the four pixels that it stands for.

    Args:
        channels: C.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        binomial = torch.tensor([1.0, 2.0, 1.0]) / 4
        kernel = torch.outer(binomial, binomial).repeat(channels, 1, 1, 1)
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H/2, W/2), where H and W are even."""
        maxima = functional.max_pool2d(features, 2, stride=1)
        padded = functional.pad(maxima, (1, 1, 1, 1), mode="reflect")
        kernel = self.kernel.to(features.dtype)
        return functional.conv2d(padded, kernel, stride=2, groups=len(kernel))
