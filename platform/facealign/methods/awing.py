"""AWing: Wang, Bo & Li, "Adaptive Wing loss for robust face alignment via heatmap regression", ICCV 2019.

Stacked hourglasses with coordinates predict one heatmap for each landmark and one map of all facial curves; each
stack is trained with the Adaptive Wing loss under the Weighted Loss Map (Eqs. 3–6). The defaults are the paper's
full model; each part of its Table 7 is an option: loss (AW), weight_map (WM), network.boundary (B),
network.coord_conv (C), network.boundary_coords (CB); and Table 12 is network.stacks.

Where the paper is silent: every stack counts the same, and a stack's loss is the mean over the pixels of all the
batch's channels with something to learn from, the boundary being one channel among them.
"""

from facealign.methods.base import METHODS
from facealign.methods.heatmaps import HeatmapMethod, HeatmapMethodSettings


class AWingSettings(HeatmapMethodSettings):
    """AWing's parts; the defaults are the paper's full model at 256 px."""


@METHODS.register("awing")
class AWing(HeatmapMethod):
    """The heatmap method as AWing has it: every part at its own default."""

    Config = AWingSettings
    config: AWingSettings
