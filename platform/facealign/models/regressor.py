"""Regression network: a backbone, the mean of its last map, and one linear layer."""

import torch
from torch import Tensor, nn

from facealign.models.backbone import BackboneSettings, imagenet_input
from facealign.models.backbones import build_backbone
from facealign.models.precision import full_precision


class Regressor(nn.Module):
    """The classification network with ``outputs`` numbers in place of its classes.

    Args:
        config: Which backbone.
        outputs: How many numbers.
    """

    def __init__(self, config: BackboneSettings, outputs: int) -> None:
        super().__init__()
        self.backbone = build_backbone(config)
        self.last = nn.Linear(self.backbone.channels[-1], outputs)
        # The start of training is its target's zero, and not a random shape about it.
        nn.init.zeros_(self.last.bias)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in 0…255 → (B, outputs) float32."""
        last_map = self.backbone.features(imagenet_input(images))[-1]
        with full_precision(last_map.device):
            numbers: Tensor = self.last(last_map.mean(dim=(2, 3), dtype=torch.float32))
        return numbers
