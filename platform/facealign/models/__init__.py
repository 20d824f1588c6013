"""Networks and their layers: one file per idea, no landmarks, losses or files in sight."""

from facealign.models.backbone import Backbone, BackboneSettings
from facealign.models.backbones import build_backbone
from facealign.models.coord_conv import CoordConv
from facealign.models.cost import NetworkCost, count_parameters_and_macs
from facealign.models.hourglass import Hourglass, hourglass_depth
from facealign.models.multiscale import MultiscaleBlock
from facealign.models.resnet import ResNet
from facealign.models.stacked_hourglass import StackedHourglass
from facealign.models.structure_coherence import StructureCoherence

__all__ = [
    "Backbone",
    "BackboneSettings",
    "CoordConv",
    "Hourglass",
    "MultiscaleBlock",
    "NetworkCost",
    "ResNet",
    "StackedHourglass",
    "StructureCoherence",
    "build_backbone",
    "count_parameters_and_macs",
    "hourglass_depth",
]
