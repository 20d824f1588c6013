"""AWing: Wang, Bo & Li, "Adaptive Wing loss for robust face alignment via heatmap regression", ICCV 2019.

Stacked hourglasses with coordinates predict one heatmap for each landmark and one map of all facial curves; each
stack is trained with the Adaptive Wing loss under the Weighted Loss Map (Eqs. 3–6). The defaults are the paper's
full model; each part of its Table 7 is an option: loss (AW), weight_map (WM), network.boundary (B),
network.coord_conv (C), network.boundary_coords (CB); and Table 12 is network.stacks.

Where the paper is silent: every stack counts the same, and a stack's loss is the mean over the pixels of all the
batch's channels with something to learn from, the boundary being one channel among them.
"""

from torch import Tensor

from facealign.data.batch import Batch
from facealign.methods.base import METHODS, LossTerms
from facealign.methods.heatmaps import HeatmapMethod, HeatmapMethodSettings


class AWingSettings(HeatmapMethodSettings):
    """AWing's parts; the defaults are the paper's full model at 256 px."""


@METHODS.register("awing")
class AWing(HeatmapMethod):
    """The heatmap method as AWing has it: every part at its own default."""

    Config = AWingSettings
    config: AWingSettings

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, S, S) RGB in 0…255 → the maps of each stack, first to last."""
        maps: tuple[Tensor, ...] = self.network(images.float() / 255)
        return maps

    def loss(self, outputs: tuple[Tensor, ...], batch: Batch) -> LossTerms:
        """The sum of the stacks' losses, the boundary's among them."""
        return self.maps_loss(outputs, batch)

    def decode(self, outputs: tuple[Tensor, ...]) -> Tensor:
        """The last stack's heatmaps → (B, N, 2) float32 landmarks, crop pixels."""
        return self.decode_maps(outputs)
