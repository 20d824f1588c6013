"""Attention maps after CBAM: Woo, Park, Lee & Kweon, "CBAM: Convolutional block attention module", ECCV 2018."""

import torch
from torch import Tensor, nn

REDUCTION = 2
"""Channels ÷ width of the hidden layer, as SCC has it (Eq. 1)."""


class AttentionMaps(nn.Module):
    """Channel and spatial attention of a map (SCC, Eq. 1), both from the map itself.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Linear(channels, channels // REDUCTION, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // REDUCTION, channels, bias=False),
        )
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) → (B, C, 1, 1) and (B, 1, H, W), each in 0…1."""
        by_channel = self.shared(x.mean(dim=(2, 3))) + self.shared(x.amax(dim=(2, 3)))
        pooled = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(by_channel)[:, :, None, None], torch.sigmoid(self.spatial(pooled))
