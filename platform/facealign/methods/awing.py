"""AWing: Wang, Bo & Li, "Adaptive Wing loss for robust face alignment via heatmap regression", ICCV 2019.

Stacked hourglasses with coordinates predict one heatmap for each landmark and one map of all facial curves; each
stack is trained with the Adaptive Wing loss under the Weighted Loss Map (Eqs. 3–6). The defaults are the paper's
full model; each part of its Table 7 is an option: loss (AW), weight_map (WM), network.boundary (B),
network.coord_conv (C), network.boundary_coords (CB); Table 12 is network.stacks, and log_mse tells what Table 10
compares.

Where the paper is silent: every stack counts the same, and a stack's loss is the mean over the pixels of all
channels, the boundary being one among them; a channel with nothing to learn from counts as 0.
"""

from collections.abc import Mapping
from typing import ClassVar

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
    sources: ClassVar[Mapping[str, str]] = {
        "network": "paper Fig. 3; widths and layers as in its authors' code, which has the paper's size",
        "network.stacks": "paper §7.3; ablated in Table 12",
        "network.boundary": "paper §5; B in Table 7",
        "network.coord_conv": "paper §6; C in Table 7",
        "network.boundary_coords": "paper §6 and §10.1; CB in Table 7",
        "heatmaps": "code: a 7 × 7 patch with σ 1.75; the paper shows the patch's size alone",
        "loss": "paper Eq. 3; parameters by Tables 5 and 6; AW in Table 7",
        "weight_map": "paper Eqs. 4 and 5; WM and WM_base in Table 7",
        "decoding": "paper §7.3, after Newell et al., ECCV 2016",
        "log_mse": "paper Table 10, which does not say of which stacks: of the last, ours",
    }

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

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """The last stack's."""
        return self.by_name(self(images)[-1])
