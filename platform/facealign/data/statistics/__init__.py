"""Statistics of the training faces: means, correlations, poses."""

from facealign.data.statistics.axis import PoseAxis
from facealign.data.statistics.blocks import Chunks
from facealign.data.statistics.pose import PoseBins
from facealign.data.statistics.statistics import Statistics, pearson_neighbors

__all__ = ["Chunks", "PoseAxis", "PoseBins", "Statistics", "pearson_neighbors"]
