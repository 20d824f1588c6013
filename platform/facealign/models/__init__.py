"""Networks and their layers: one file per idea, no landmarks, losses or files in sight."""

from facealign.models.coord_conv import CoordConv
from facealign.models.cost import Cost, count_parameters_and_macs
from facealign.models.hourglass import Hourglass, hourglass_depth
from facealign.models.multiscale import MultiscaleBlock
from facealign.models.stacked_hourglass import StackedHourglass

__all__ = [
    "CoordConv",
    "Cost",
    "Hourglass",
    "MultiscaleBlock",
    "StackedHourglass",
    "count_parameters_and_macs",
    "hourglass_depth",
]
