"""Attention-guided multi-scale features (SCC, §3.1 and Fig. 3).

Finer maps bring places, coarser ones meaning. Each finer map is weighed by attention that also sees the coarser
ones, is made as small as the coarsest, and all are concatenated. The layers are those of the authors' code; those
of F2, which it does not have, follow their pattern.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from facealign.models.conv_norm import ConvNormReLU

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


Attention = Literal["semantic", "self", "none"]

_DOWN = {4: (2, 1), 3: (2, 1, 2), 2: (2, 1, 2, 2)}
"""Strides of the convolutions that bring a stage to the size of F5."""


class MultiScaleFusion(nn.Module):
    """F5 and the finer stages down to ``shallowest``, as one map of the size of F5.

    Args:
        channels: Of the backbone's F2…F5, which are its C2…C5.
        shallowest: The finest stage that is used, 2…5.
        attention: What weighs the finer stages (Table 6): ``semantic`` sees the coarser ones, ``self`` the stage
            alone.

    Attributes:
        channels: Of the fused map: half of those of each stage.
    """

    def __init__(self, channels: tuple[int, int, int, int], shallowest: int, attention: Attention) -> None:
        super().__init__()
        halves = {stage: channels[stage - 2] // 2 for stage in range(shallowest, 6)}
        finer = [stage for stage in reversed(halves) if stage < 5]
        self.attention = attention
        self.finer = finer
        self.channels = sum(halves.values())
        self.reduce = nn.ModuleDict(
            {str(stage): ConvNormReLU(channels[stage - 2], half) for stage, half in halves.items()}
        )
        self.down = nn.ModuleDict(
            {
                str(stage): nn.Sequential(
                    *(ConvNormReLU(halves[stage], halves[stage], stride=stride) for stride in _DOWN[stage])
                )
                for stage in finer
            }
        )
        self.merge = nn.ModuleDict(
            {str(i): ConvNormReLU(halves[i + 1] + halves[i], halves[i], kernel=1) for i in finer}
            if attention == "semantic"
            else {}
        )
        self.maps = nn.ModuleDict({} if attention == "none" else {str(i): AttentionMaps(halves[i]) for i in finer})

    def forward(self, features: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """F2…F5 → (B, channels, H5, W5)."""
        guide = coarsest = self.reduce["5"](features[-1])
        fused = []
        for stage in self.finer:
            own = self.reduce[str(stage)](features[stage - 2])
            guide = self._guide(stage, guide, own)
            fused.append(self.down[str(stage)](self._weigh(stage, own, guide)))
        return torch.cat([*reversed(fused), coarsest], dim=1)

    def _guide(self, stage: int, coarser: Tensor, own: Tensor) -> Tensor:
        """F̃ of the stage: what its attention is made from."""
        if self.attention != "semantic":
            return own
        enlarged: Tensor = functional.interpolate(
            coarser, size=own.shape[2:], mode="bilinear", align_corners=False
        )
        merged: Tensor = self.merge[str(stage)](torch.cat([enlarged, own], dim=1))
        return merged

    def _weigh(self, stage: int, own: Tensor, guide: Tensor) -> Tensor:
        """F ← F·Ac, then F ← F·As + F: "element-wise multiplication and residual addition"."""
        if self.attention == "none":
            return own
        by_channel, by_place = self.maps[str(stage)](guide)
        weighed: Tensor = own * by_channel
        again: Tensor = weighed * by_place
        return again + weighed
