"""One file per loss. ``LOSSES`` names those that compare heatmaps."""

from facealign.losses.base import LOSSES, HeatmapLoss, LossChoice
from facealign.losses.weight_map import WeightMapSettings, weight_map

__all__ = ["LOSSES", "HeatmapLoss", "LossChoice", "WeightMapSettings", "weight_map"]
