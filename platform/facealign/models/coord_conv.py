"""Convolutions that know where they are.

Liu et al., "An intriguing failing of convolutional neural networks and the CoordConv solution", NeurIPS 2018; with
AWing's coordinates on the predicted boundary (Eq. 6, §10.1).
"""

import torch
from torch import Tensor, nn

COORDINATES = 3
"""x, y and radius."""

BOUNDARY_COORDINATES = 2
"""x and y, zero away from the boundary."""

BOUNDARY_THRESHOLD = 0.05
"""From this response on, a pixel lies on the predicted boundary (AWing, Eq. 6)."""


def coordinate_channels(map_size: int) -> Tensor:
    """(1, 3, S, S) float32: x and y from −1 at the first pixel to 1 at the last, and radius ÷ its maximum."""
    axis = torch.linspace(-1.0, 1.0, map_size)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    radius = torch.sqrt(x**2 + y**2)
    return torch.stack([x, y, radius / radius.max()])[None]


class CoordConv(nn.Module):
    """A convolution whose input also holds x, y, radius and, if asked for, x and y on a predicted boundary.

    (B, C, S, S) → (B, out, S ÷ stride, S ÷ stride). The boundary coordinates are those where the boundary response
    is at least 0.05, else 0; no gradient passes through that comparison.

    Args:
        in_channels: Width of the input, coordinates not counted.
        out_channels: Width of the output.
        map_size: S, side of the input map, px.
        kernel_size: Side of the kernel, odd.
        stride: Step of the convolution.
        boundary: Whether ``forward`` is given boundary maps.
    """

    coordinates: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        map_size: int,
        *,
        kernel_size: int = 1,
        stride: int = 1,
        boundary: bool = False,
    ) -> None:
        super().__init__()
        extra = COORDINATES + (BOUNDARY_COORDINATES if boundary else 0)
        self.conv = nn.Conv2d(
            in_channels + extra, out_channels, kernel_size, stride=stride, padding=kernel_size // 2
        )
        # Not in the checkpoint: they follow from the map's size.
        self.register_buffer("coordinates", coordinate_channels(map_size), persistent=False)

    def forward(self, features: Tensor, boundary: Tensor | None = None) -> Tensor:
        """Convolve.

        Args:
            features: (B, C, S, S).
            boundary: (B, 1, S, S) boundary response, where the layer was built for one.
        """
        coordinates = self.coordinates.to(features.dtype)
        extra = [coordinates.expand(features.shape[0], -1, -1, -1)]
        if boundary is not None:
            extra.append((boundary >= BOUNDARY_THRESHOLD) * coordinates[:, :BOUNDARY_COORDINATES])
        convolved: Tensor = self.conv(torch.cat([features, *extra], dim=1))
        return convolved
